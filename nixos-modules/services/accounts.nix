# accounts: households, their log-ins, profiles and devices; the keys that tokens are signed with.
import ../lib/service.nix "accounts" (
  {
    lib,
    fleet,
    config,
    ...
  }:
  let
    # Every api host has all of them.
    here = name: "http://${fleet.self.address}:${toString fleet.catalogue.services.${name}.port}";
    present = lib.filter (name: fleet.catalogue.services ? ${name});
    inherit (config.funkturm.fleet) publicName;
  in
  {
    settings = {
      public_url = "https://${publicName}";
      # Those that know something of households.
      services = lib.genAttrs (present [
        "rights"
        "notify"
        "playback"
      ]) here;
      # nginx, on this host and, while the service there does not answer, on the others.
      proxies = map (host: host.address) (fleet.ofRole "api");
      # systemd puts the files of a folder next to the other credentials, with the folder's name before theirs.
      signing_keys = "/run/credentials/funkturm-accounts.service";
    }
    // lib.genAttrs (present [
      "rights"
      "notify"
    ]) here;
    # The operator's identity provider is outside.
    reachesOut = config.funkturm.services.accounts.settings.accounts ? openid;
    secrets = [ "accounts-signing-keys" ];
  }
)
