# origin: the live window in memory, playlists and segments.
import ../lib/service.nix "origin" (
  {
    fleet,
    config,
    credential,
    ...
  }:
  {
    settings = {
      open_house = config.funkturm.fleet.openHouse;
      # The same keys as playback's, which signs with the first one.
      token_keys_file = credential "playback-token-keys";
      playback = fleet.urlsOf "playback";
      # 6 GiB of segments; the 2 GiB beyond are for playlists, revoked sessions, answers on their way and the allocator.
      max_bytes = 6442450944;
    };
    secrets = [ "playback-token-keys" ];
    callers = [ "transcode" ];
    memoryMax = "8G";
    openFiles = 262144;
  }
)
