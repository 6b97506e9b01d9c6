# What Prometheus sees of software that is not ours: an exporter beside each PostgreSQL, each host's Redis servers, and nginx.
# The one for hosts is in hosts/profiles/base.nix.
{
  lib,
  config,
  pkgs,
  ...
}:
let
  fleet = import ../lib/fleet.nix { inherit lib config; };
  secrets = import ../lib/secrets.nix { inherit config; };
  inherit (fleet) self;
  inherit (config.services.prometheus) exporters;
  redisServers = config.services.redis.servers;
  passwords = "/run/funkturm-redis-exporter/passwords.json";

  # Each server has a password of its own; the exporter takes them all from one file, by the server's URL.
  writePasswords = pkgs.writeShellScript "funkturm-redis-exporter-passwords" ''
    set -euo pipefail
    umask 077
    exec > ${passwords}
    separator='{'
    ${
      lib.concatStrings (
        lib.mapAttrsToList (name: server: ''
          printf '%s"redis://${server.bind}:${toString server.port}": "%s"' "$separator" "$(<"$CREDENTIALS_DIRECTORY/${secrets.redisPassword name}")"
          separator=,
        '') redisServers
      )
    }printf '}\n'
  '';

  door = exporter: {
    inherit (exporter) port;
    roles = [ "monitoring" ];
  };
in
{
  config = lib.mkMerge [
    (lib.mkIf config.services.postgresql.enable {
      services.prometheus.exporters.postgres = {
        enable = true;
        listenAddress = self.address;
        # By its socket, as the user that may see everything: no password, and nobody else can.
        runAsLocalSuperUser = true;
      };
      funkturm.firewall.doors.postgresql-exporter = door exporters.postgres;
    })

    (lib.mkIf (redisServers != { }) {
      services.prometheus.exporters.redis = {
        enable = true;
        listenAddress = self.address;
        extraFlags = [
          # It watches those that Prometheus asks for, and none by itself.
          "-redis.addr="
          "-redis.password-file=${passwords}"
        ];
      };
      systemd.services.prometheus-redis-exporter.serviceConfig = {
        LoadCredential = secrets.load (map secrets.redisPassword (lib.attrNames redisServers));
        RuntimeDirectory = "funkturm-redis-exporter";
        RuntimeDirectoryMode = "0700";
        ExecStartPre = "${writePasswords}";
        # They are on this host, by its address.
        RestrictAddressFamilies = [
          "AF_INET"
          "AF_INET6"
        ];
      };
      funkturm.firewall.doors.redis-exporter = door exporters.redis;
    })

    (lib.mkIf config.services.nginx.enable {
      services.nginx.statusPage = true;
      services.prometheus.exporters.nginx = {
        enable = true;
        listenAddress = self.address;
      };
      funkturm.firewall.doors.nginx-exporter = door exporters.nginx;
    })
  ];
}
