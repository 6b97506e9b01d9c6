# A db host that is not its cluster's primary follows it: a copy at the first start, then by streaming.
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
  inherit (config.services.postgresql) dataDir package;
  primary = lib.head (fleet.membersOf self.cluster);
  password = secrets.replicationPassword self.cluster;

  # Made beside its place and then moved there: an interrupted copy must not be taken for a database.
  copyPrimary = pkgs.writeShellScript "funkturm-postgresql-copy" ''
    set -euo pipefail
    PGPASSWORD=$(<"$CREDENTIALS_DIRECTORY/${password}")
    export PGPASSWORD
    rm -rf ${dataDir}.partial
    pg_basebackup --host=${fleet.nameOf primary} --username=replication --pgdata=${dataDir}.partial \
      --wal-method=stream --checkpoint=fast --write-recovery-conf
    mv --no-target-directory ${dataDir}.partial ${dataDir}
  '';
in
{
  config = lib.mkIf (config.funkturm.stores.postgresql.enable && !self.primary) {
    systemd.services.funkturm-postgresql-copy = {
      description = "Funkturm: a copy of the primary's PostgreSQL";
      before = [ "postgresql.service" ];
      requiredBy = [ "postgresql.service" ];
      wants = [ "network-online.target" ];
      after = [ "network-online.target" ];
      path = [
        package
        pkgs.coreutils
      ];
      unitConfig.ConditionPathExists = "!${dataDir}/PG_VERSION";
      startLimitIntervalSec = 0;
      serviceConfig = {
        Type = "oneshot";
        ExecStart = "${copyPrimary}";
        # The primary may be on its way up; a large database takes its time.
        Restart = "on-failure";
        RestartSec = "10s";
        TimeoutStartSec = "infinity";
        User = "postgres";
        StateDirectory = "postgresql";
        StateDirectoryMode = "0750";
        LoadCredential = secrets.load [ password ];
        CapabilityBoundingSet = "";
        NoNewPrivileges = true;
        ProtectSystem = "strict";
        ProtectHome = true;
        RestrictAddressFamilies = [
          "AF_INET"
          "AF_INET6"
          "AF_UNIX"
        ];
      };
    };

    # Upstream's setup waits until the server takes writes, which a replica does when it is promoted: nobody shall wait for that.
    systemd.targets.postgresql.requires = lib.mkForce [ "postgresql.service" ];
  };
}
