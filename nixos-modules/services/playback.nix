# playback: who may play what now, and the sessions.
import ../lib/service.nix "playback" (
  { fleet, config, ... }:
  {
    settings = {
      # Every api host has both.
      channels = "http://${fleet.self.address}:${toString fleet.catalogue.services.channels.port}";
      open_house = config.funkturm.fleet.openHouse;
      media_base = "https://${config.funkturm.fleet.publicName}";
    };
    memoryMax = "512M";
  }
)
