# The monitoring role: Prometheus with every service and host of the fleet as its targets, Alertmanager and Grafana beside it.
{ lib, config, ... }:
let
  fleet = import ../lib/fleet.nix { inherit lib config; };
  inherit (fleet) self;
  inherit (config.services) prometheus;
  inherit (prometheus) exporters;
  inherit (config.funkturm.fleet) clusters hosts managedStores;

  target = port: host: {
    targets = [ "${host.address}:${toString port}" ];
    labels = {
      inherit (host) role zone;
      host = host.name;
    };
  };
  targets = port: map (target port);

  everyHost = lib.mapAttrsToList (name: host: host // { inherit name; }) hosts;
  holds =
    store: cluster: lib.filter (name: (fleet.catalogue.withStore store) ? ${name}) clusters.${cluster};
  members = lib.concatMap fleet.membersOf (lib.attrNames clusters);

  postgresql = map (
    host: lib.recursiveUpdate (target exporters.postgres.port host) { labels.cluster = host.cluster; }
  ) (lib.filter (host: holds "postgresql" host.cluster != [ ]) members);

  # One exporter for all of a host's servers, told with each question which one is meant.
  redis = lib.concatMap (
    host:
    map (
      service:
      lib.recursiveUpdate (target exporters.redis.port host) {
        labels = {
          inherit service;
          __metrics_path__ = "/scrape";
          __param_target = "redis://${host.address}:${
            toString (fleet.catalogue.redisPort fleet.catalogue.services.${service})
          }";
        };
      }
    ) (holds "redis" host.cluster)
  ) (lib.filter (host: host.primary) members);

  job = job_name: static_configs: { inherit job_name static_configs; };
in
{
  options.funkturm.roles.monitoring.enable = lib.mkEnableOption "the monitoring role";

  config = lib.mkIf config.funkturm.roles.monitoring.enable {
    services.prometheus = {
      enable = true;
      listenAddress = self.address;
      retentionTime = "30d";
      globalConfig.scrape_interval = "15s";
      globalConfig.evaluation_interval = "15s";
      scrapeConfigs =
        lib.mapAttrsToList (
          name: row: job "funkturm-${name}" (targets row.admin (fleet.ofRole row.role))
        ) fleet.catalogue.services
        ++ [
          (job "hosts" (targets exporters.node.port everyHost))
          (job "nginx" (targets exporters.nginx.port (fleet.ofRole "api")))
          (job "prometheus" (targets prometheus.port (fleet.ofRole "monitoring")))
          (job "alertmanager" (targets prometheus.alertmanager.port (fleet.ofRole "monitoring")))
        ]
        # Those of AWS' have CloudWatch.
        ++ lib.optionals (!managedStores) [
          (job "postgresql" postgresql)
          (job "redis" redis)
        ];
      alertmanagers = [
        { static_configs = targets prometheus.alertmanager.port (fleet.ofRole "monitoring"); }
      ];
    };

    funkturm.firewall.doors.prometheus = {
      inherit (prometheus) port;
      roles = [ "monitoring" ];
      networks = config.funkturm.fleet.operatorNetworks;
    };
  };
}
