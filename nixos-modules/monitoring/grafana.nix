# Grafana with its dashboards, which are made here and cannot be changed there: what is good is to be kept in the repository.
{ lib, config, ... }:
let
  fleet = import ../lib/fleet.nix { inherit lib config; };
  secrets = import ../lib/secrets.nix { inherit config; };
  inherit (fleet) self;
  dashboard = import ./dashboard.nix { inherit lib; };
  folder = "funkturm/dashboards";
  secret = name: "$__file{${secrets.path "grafana" name}}";
in
{
  config = lib.mkIf config.funkturm.roles.monitoring.enable {
    services.grafana = {
      enable = true;
      settings = {
        server = {
          http_addr = self.address;
          http_port = 3000;
        };
        security = {
          admin_password = secret "grafana-admin-password";
          secret_key = secret "grafana-secret-key";
          disable_gravatar = true;
        };
        # Whoever gets here is an operator already; changing things takes the password.
        "auth.anonymous" = {
          enabled = true;
          org_role = "Viewer";
        };
        analytics = {
          reporting_enabled = false;
          check_for_updates = false;
        };
      };
      provision = {
        enable = true;
        datasources.settings.datasources = [
          {
            name = "Prometheus";
            uid = dashboard.source;
            type = "prometheus";
            access = "proxy";
            url = "http://${self.address}:${toString config.services.prometheus.port}";
            isDefault = true;
          }
        ];
        dashboards.settings.providers = [
          {
            name = "Funkturm";
            folder = "Funkturm";
            options.path = "/etc/${folder}";
          }
        ];
      };
    };
    systemd.services.grafana.serviceConfig.LoadCredential = secrets.load [
      "grafana-admin-password"
      "grafana-secret-key"
    ];

    environment.etc =
      lib.mapAttrs'
        (
          name: file:
          lib.nameValuePair "${folder}/${name}.json" {
            text = lib.toJSON (dashboard.make name (import file));
          }
        )
        {
          television = ./dashboards/television.nix;
          services = ./dashboards/services.nix;
          stores = ./dashboards/stores.nix;
          hosts = ./dashboards/hosts.nix;
        };

    funkturm.firewall.doors.grafana = {
      port = 3000;
      networks = config.funkturm.fleet.operatorNetworks;
    };
  };
}
