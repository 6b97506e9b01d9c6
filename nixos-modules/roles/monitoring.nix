# The monitoring role: Prometheus, which finds every service and every host in the inventory.
{ lib, config, ... }:
let
  fleet = import ../lib/fleet.nix { inherit lib config; };
  inherit (fleet) self;

  targets =
    port:
    map (host: {
      targets = [ "${host.address}:${toString port}" ];
      labels = {
        inherit (host) role zone;
        host = host.name;
      };
    });
in
{
  options.funkturm.roles.monitoring.enable = lib.mkEnableOption "the monitoring role";

  config = lib.mkIf config.funkturm.roles.monitoring.enable {
    services.prometheus = {
      enable = true;
      listenAddress = self.address;
      retentionTime = "30d";
      globalConfig.scrape_interval = "15s";
      scrapeConfigs =
        lib.mapAttrsToList (name: row: {
          job_name = "funkturm-${name}";
          static_configs = targets row.admin (fleet.ofRole row.role);
        }) fleet.catalogue.services
        ++ [
          {
            job_name = "hosts";
            static_configs = targets 9100 (
              fleet.ofRole "monitoring"
              ++ lib.concatMap fleet.ofRole [
                "ingest"
                "transcode"
                "api"
                "db"
              ]
            );
          }
        ];
    };

    funkturm.firewall.doors.prometheus = {
      port = config.services.prometheus.port;
      networks = config.funkturm.fleet.operatorNetworks;
    };
  };
}
