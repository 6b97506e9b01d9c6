# rights: packages, licences, subscriptions, vouchers, and what households may do.
#
# A billing system (docs/billing.md) is `billing.url`, with the secret `rights-billing-secret` among the others, and
# `billing.secret_file = "/run/credentials/funkturm-rights.service/rights-billing-secret"`.
import ../lib/service.nix "rights" (
  {
    lib,
    fleet,
    config,
    ...
  }:
  let
    secrets = import ../lib/secrets.nix { inherit config; };
    billed = (config.funkturm.services.rights.settings.rights.billing.url or "") != "";
  in
  {
    settings = {
      # Every api host has both.
      channels = "http://${fleet.self.address}:${toString fleet.catalogue.services.channels.port}";
      accounts = "http://${fleet.self.address}:${toString fleet.catalogue.services.accounts.port}";
    };
    # The billing system is not of the fleet.
    reachesOut = billed;
    serviceConfig = lib.optionalAttrs billed {
      LoadCredential = secrets.load [ "rights-billing-secret" ];
    };
    # Half a million households, and the offer.
    memoryMax = "1G";
  }
)
