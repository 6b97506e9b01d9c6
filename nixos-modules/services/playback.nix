# playback: who may play what now, and the sessions.
import ../lib/service.nix "playback" (
  {
    lib,
    fleet,
    config,
    credential,
    ...
  }:
  let
    # Every api host has all of them.
    here = name: "http://${fleet.self.address}:${toString fleet.catalogue.services.${name}.port}";
    there = name: host: "http://${host.address}:${toString fleet.catalogue.services.${name}.port}";
    others = lib.filter (host: host.name != fleet.self.name) (fleet.ofRole "api");
    # What needs households is set where there are such services.
    members = lib.filter (name: fleet.catalogue.services ? ${name}) [
      "accounts"
      "rights"
    ];
  in
  {
    settings = {
      channels = here "channels";
      open_house = config.funkturm.fleet.openHouse;
      media_base = "https://${config.funkturm.fleet.publicName}";
      public_url = "https://${config.funkturm.fleet.publicName}";
      origins = [ (here "origin") ] ++ map (there "origin") others;
      token_keys_file = credential "playback-token-keys";
    }
    // lib.genAttrs members here;
    secrets = [ "playback-token-keys" ];
    memoryMax = "512M";
  }
)
