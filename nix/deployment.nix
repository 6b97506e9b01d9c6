# What a deployment has to know of a host: where it is, and what has to succeed on it before it counts as ready.
{ lib, host }:
let
  inherit (host) config;
  inherit (config.funkturm) fleet;
  self = fleet.hosts.${fleet.name};
  services = lib.filterAttrs (_: service: service.enable) config.funkturm.services;
  inherit (config.services)
    grafana
    nginx
    postgresql
    prometheus
    redis
    ;

  answers = url: "curl --fail --silent --show-error --max-time 5 http://${url}";
  runs = unit: "systemctl is-active --quiet ${unit}.service";
in
{
  inherit (self)
    address
    primary
    role
    zone
    ;

  ready =
    lib.mapAttrs (_: service: answers "${service.settings.process.admin_listen}/ready") services
    // lib.optionalAttrs nginx.enable { nginx = runs "nginx"; }
    // lib.optionalAttrs postgresql.enable { postgresql = "pg_isready --quiet"; }
    // lib.mapAttrs' (name: _: lib.nameValuePair "redis-${name}" (runs "redis-${name}")) redis.servers
    // lib.optionalAttrs prometheus.enable {
      prometheus = answers "${prometheus.listenAddress}:${toString prometheus.port}/-/ready";
      alertmanager = answers "${prometheus.alertmanager.listenAddress}:${toString prometheus.alertmanager.port}/-/ready";
    }
    // lib.optionalAttrs grafana.enable {
      grafana = answers "${grafana.settings.server.http_addr}:${toString grafana.settings.server.http_port}/api/health";
    };
}
