# The configuration of Prometheus, Alertmanager, Grafana and the exporters, as their own modules would write it.
{ lib, config, ... }:
let
  inherit (config.services) grafana prometheus;
  enabled = lib.filterAttrs (_: exporter: exporter.enable) prometheus.exporters;
in
{
  config.system.build.rendered =
    lib.optionalAttrs (enabled != { }) { "exporters.json" = lib.toJSON enabled; }
    // lib.optionalAttrs prometheus.enable {
      "prometheus/prometheus.json" = lib.toJSON {
        global = lib.filterAttrs (_: value: value != null) prometheus.globalConfig;
        rule_files = [ "rules.json" ];
        scrape_configs = prometheus.scrapeConfigs;
        alerting.alertmanagers = prometheus.alertmanagers;
      };
      "prometheus/rules.json" = lib.concatLines prometheus.rules;
    }
    // lib.optionalAttrs prometheus.alertmanager.enable {
      "alertmanager.json" = lib.toJSON prometheus.alertmanager.configuration;
    }
    // lib.optionalAttrs grafana.enable {
      "grafana.json" = lib.toJSON {
        inherit (grafana) settings;
        datasources = grafana.provision.datasources.settings;
        dashboards = grafana.provision.dashboards.settings;
      };
    };
}
