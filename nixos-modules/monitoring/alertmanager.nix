# Alertmanager: gathers what belongs together, and tells the operators by webhook or mail. Those of all monitoring hosts know of each
# other, so an alert is told once; a lost one is not missed.
{ lib, config, ... }:
let
  inherit (lib) mkOption types;
  inherit (config.funkturm) monitoring;
  fleet = import ../lib/fleet.nix { inherit lib config; };
  secrets = import ../lib/secrets.nix { inherit config; };
  inherit (fleet) self;
  peers = lib.filter (host: host.name != self.name) (fleet.ofRole "monitoring");
  gossipPort = 9094;
  inherit (monitoring) mail;
in
{
  options.funkturm.monitoring = {
    webhook = lib.mkEnableOption "telling alerts to the URL in the secret `alert-webhook-url`";
    mail = mkOption {
      default = null;
      description = "The mail that alerts are told by; the server's password is the secret `alert-smtp-password`.";
      type = types.nullOr (
        types.submodule {
          options = lib.genAttrs [ "to" "from" "smarthost" "username" ] (
            name:
            mkOption {
              type = types.str;
              description = "Alertmanager's `${name}`.";
            }
          );
        }
      );
    };
  };

  config = lib.mkIf config.funkturm.roles.monitoring.enable {
    assertions = [
      {
        assertion = config.funkturm.fleet.environment != "production" || monitoring.webhook || mail != null;
        message = "Nobody hears the alerts of production: set funkturm.monitoring.webhook or funkturm.monitoring.mail.";
      }
    ];

    services.prometheus.alertmanager = {
      enable = true;
      listenAddress = self.address;
      clusterPeers = map (host: host.address) peers;
      extraFlags = [
        (
          if peers == [ ] then
            "--cluster.listen-address="
          else
            "--cluster.listen-address=${self.address}:${toString gossipPort}"
        )
      ];
      configuration = {
        route = {
          receiver = "operators";
          group_by = [
            "alertname"
            "channel"
            "host"
          ];
          group_wait = "20s";
          group_interval = "2m";
          repeat_interval = "4h";
        };
        # A lost host explains what else is said of it; a channel without any input, that one of its inputs is down.
        inhibit_rules = [
          {
            source_matchers = [ "alertname = HostDown" ];
            target_matchers = [ "alertname != HostDown" ];
            equal = [ "host" ];
          }
          {
            source_matchers = [ "alertname = ChannelOffAir" ];
            target_matchers = [ "alertname =~ InputDown|PictureStands|ProbeFails" ];
            equal = [ "channel" ];
          }
        ];
        receivers = [
          (
            {
              name = "operators";
            }
            // lib.optionalAttrs monitoring.webhook {
              webhook_configs = [ { url_file = secrets.path "alertmanager" "alert-webhook-url"; } ];
            }
            // lib.optionalAttrs (mail != null) {
              email_configs = [
                {
                  inherit (mail) to from smarthost;
                  auth_username = mail.username;
                  auth_password_file = secrets.path "alertmanager" "alert-smtp-password";
                }
              ];
            }
          )
        ];
      };
    };

    systemd.services.alertmanager.serviceConfig.LoadCredential = secrets.load (
      lib.optional monitoring.webhook "alert-webhook-url"
      ++ lib.optional (mail != null) "alert-smtp-password"
    );

    funkturm.firewall.doors = {
      alertmanager = {
        inherit (config.services.prometheus.alertmanager) port;
        roles = [ "monitoring" ];
        networks = config.funkturm.fleet.operatorNetworks;
      };
    }
    // lib.optionalAttrs (peers != [ ]) {
      alertmanager-gossip-tcp = {
        port = gossipPort;
        roles = [ "monitoring" ];
      };
      alertmanager-gossip-udp = {
        port = gossipPort;
        protocol = "udp";
        roles = [ "monitoring" ];
      };
    };
  };
}
