# PostgreSQL on db hosts: a database and a role for each service of the host's cluster, reached by the hosts that run it and by nobody else.
{
  lib,
  config,
  pkgs,
  ...
}:
let
  cfg = config.funkturm.stores.postgresql;
  fleet = import ../lib/fleet.nix { inherit lib config; };
  secrets = import ../lib/secrets.nix { inherit config; };
  inherit (fleet) self;

  users = lib.filter (
    name: (fleet.catalogue.withStore "postgresql") ? ${name}
  ) config.funkturm.fleet.clusters.${self.cluster};
  callersOf = service: fleet.addressesOf [ fleet.catalogue.services.${service}.role ];

  passwords = lib.genAttrs users secrets.postgresqlPassword // {
    replication = secrets.replicationPassword self.cluster;
  };

  # Neither a command line nor the server's log sees a password.
  setPasswords = pkgs.writeShellScript "funkturm-postgresql-passwords" ''
    ${config.services.postgresql.package}/bin/psql --dbname=postgres --quiet --set=ON_ERROR_STOP=1 <<'SQL'
    SET log_statement = 'none';
    ${lib.concatStringsSep "\n" (
      lib.mapAttrsToList (role: file: ''
        \set password `cat "$CREDENTIALS_DIRECTORY/${file}"`
        ALTER ROLE "${role}" PASSWORD :'password';'') passwords
    )}
    SQL
  '';
in
{
  options.funkturm.stores.postgresql.enable =
    lib.mkEnableOption "the PostgreSQL of this host's cluster";

  config = lib.mkIf cfg.enable {
    services.postgresql = {
      enable = true;
      package = pkgs.postgresql_17;
      enableTCPIP = true;
      ensureDatabases = users;
      ensureUsers =
        map (name: {
          inherit name;
          ensureDBOwnership = true;
        }) users
        ++ [
          {
            name = "replication";
            ensureClauses.replication = true;
          }
        ];
      authentication = ''
        # TYPE  DATABASE     USER         ADDRESS           METHOD
        ${
          lib.concatMapStrings (
            service:
            lib.concatMapStrings (address: "host ${service} ${service} ${address}/32 scram-sha-256\n") (
              callersOf service
            )
          ) users
        }${
          lib.concatMapStrings (host: "host replication replication ${host.address}/32 scram-sha-256\n") (
            fleet.membersOf self.cluster
          )
        }'';
      settings = {
        password_encryption = "scram-sha-256";
        max_connections = 300;
        # A replica that was away for a while catches up from here, or from the backups.
        wal_keep_size = "4GB";
        log_min_duration_statement = "500ms";
      };
    };

    funkturm.firewall.doors.postgresql = {
      port = 5432;
      roles = lib.unique (map (service: fleet.catalogue.services.${service}.role) users);
      networks = map (host: host.address) (fleet.membersOf self.cluster);
    };

    # postgresql.target is reached when the roles are there; nothing is reached on a replica, which has its primary's roles.
    systemd.services.funkturm-postgresql-passwords = lib.mkIf self.primary {
      description = "Funkturm: the passwords of PostgreSQL's roles";
      wantedBy = [ "multi-user.target" ];
      requires = [ "postgresql.target" ];
      after = [ "postgresql.target" ];
      path = [ pkgs.coreutils ];
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        ExecStart = "${setPasswords}";
        User = "postgres";
        LoadCredential = secrets.load (lib.attrValues passwords);
        CapabilityBoundingSet = "";
        NoNewPrivileges = true;
        PrivateNetwork = true;
        ProtectSystem = "strict";
        ProtectHome = true;
        RestrictAddressFamilies = [ "AF_UNIX" ];
      };
    };
  };
}
