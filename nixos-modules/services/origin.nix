# origin: the live window in memory, playlists and segments.
import ../lib/service.nix "origin" (
  { config, ... }:
  {
    settings = {
      open_house = config.funkturm.fleet.openHouse;
      # 6 GiB of segments; the 2 GiB beyond are for playlists, answers on their way and the allocator.
      max_bytes = 6442450944;
    };
    callers = [ "transcode" ];
    memoryMax = "8G";
    openFiles = 262144;
  }
)
