# The one unit builder: a row of the catalogue, and what is particular about it, make a NixOS module.
#
# `import ../lib/service.nix NAME (facts -> particulars)`; a service about which nothing is particular needs no file of its own. The
# facts are `lib`, `fleet` (lib/fleet.nix) and `config`. Particulars, all of them optional:
#
# settings       its section of the configuration; gives way to what a host sets
# callers        the roles from which its port is reached, beside those whose nginx sends it its routes
# reachesOut     it talks to hosts outside of the fleet
# credentials    secrets of its own that it is handed, by their names
# receives       others send to it on ports that are not known beforehand
# memoryMax, tasksMax, openFiles   its limits
# serviceConfig  what the unit has beside the usual
name: particularsOf:
{
  lib,
  config,
  pkgs,
  ...
}:
let
  fleet = import ./fleet.nix { inherit lib config; };
  secrets = import ./secrets.nix { inherit config; };
  row = fleet.catalogue.services.${name};
  unit = "funkturm-${name}";
  cfg = config.funkturm.services.${name};
  toml = pkgs.formats.toml { };

  particulars = {
    settings = { };
    callers = [ ];
    reachesOut = has "objects";
    credentials = [ ];
    receives = false;
    memoryMax = "1G";
    tasksMax = 256;
    openFiles = 65536;
    serviceConfig = { };
  }
  // particularsOf { inherit lib fleet config; };

  has = store: lib.elem store row.stores;
  # A Redis of AWS' has none: nix/terraform/managed-stores.nix.
  hasRedisPassword = has "redis" && !config.funkturm.fleet.managedStores;
  operated = lib.any (lib.hasPrefix "/admin/") row.routes;
  bucket = config.funkturm.fleet.buckets.${name};

  credentials = [
    "service-token"
  ]
  ++ lib.optional operated "operator-token"
  ++ lib.optional (has "postgresql") (secrets.postgresqlPassword name)
  ++ lib.optional hasRedisPassword (secrets.redisPassword name)
  ++ lib.optionals (has "objects") [
    "${name}-s3-access-key-id"
    "${name}-s3-secret-access-key"
  ]
  ++ particulars.credentials;
  credential = secrets.path unit;

  # What follows from the catalogue and the fleet; a host's own settings come first.
  usual = {
    process = {
      host = config.funkturm.fleet.name;
      log.format = "json";
      auth = {
        service_token_file = credential "service-token";
      }
      // lib.optionalAttrs operated { operator_token_file = credential "operator-token"; };
    };
    ${name} =
      lib.optionalAttrs (has "postgresql") { database = fleet.postgresqlUrl name; }
      // lib.optionalAttrs (has "redis") { redis = "redis://${fleet.redisAddress name}"; }
      // lib.optionalAttrs (has "objects") {
        objects.s3 = {
          bucket = bucket.name;
          inherit (bucket) region;
          access_key_id_file = credential "${name}-s3-access-key-id";
          secret_access_key_file = credential "${name}-s3-secret-access-key";
        }
        // lib.optionalAttrs (bucket.endpoint != null) { inherit (bucket) endpoint; };
      }
      // particulars.settings;
  };

  defaults = lib.mapAttrs (
    _: value: if lib.isAttrs value then defaults value else lib.mkDefault value
  );

  # The configuration, checked by the program that will read it. It looks into the files with the tokens, which are not there yet.
  checked = pkgs.runCommand "${unit}.toml" { } ''
    echo 0123456789abcdef > token
    ${cfg.package}/bin/funkturm serve ${name} --check-config --config ${cfg.settingsFile} \
      --set process.auth.service_token_file="$PWD/token" --set process.auth.operator_token_file="$PWD/token"
    cp ${cfg.settingsFile} $out
  '';

  command = "${cfg.package}/bin/funkturm serve ${name} --config ${checked}";

  # Passwords are in no file that a service reads but its credentials: libpq takes one from PGPASSWORD, Redis' stands in the URL.
  withPasswords = pkgs.writeShellScript "${unit}-start" ''
    ${lib.optionalString (has "postgresql") ''
      PGPASSWORD=$(<"$CREDENTIALS_DIRECTORY/${secrets.postgresqlPassword name}")
      export PGPASSWORD
    ''}${lib.optionalString hasRedisPassword ''
      password=$(<"$CREDENTIALS_DIRECTORY/${secrets.redisPassword name}")
      export FUNKTURM_${lib.toUpper name}_REDIS="redis://:$password@${fleet.redisAddress name}"
    ''}exec ${command}
  '';

  # It talks to nobody outside of the fleet, and listens nowhere but on its two ports, unless it says so.
  network =
    lib.optionalAttrs (!particulars.receives) {
      SocketBindDeny = "any";
      SocketBindAllow = [
        "tcp:${toString row.port}"
        "tcp:${toString row.admin}"
      ];
    }
    // lib.optionalAttrs (!particulars.receives && !particulars.reachesOut) {
      IPAddressDeny = "any";
      IPAddressAllow = [
        "localhost"
        config.funkturm.fleet.network
      ];
    };

  # GStreamer notes which plugins there are, instead of searching at each start.
  isMedia = row.process == "media";

  storeUnits =
    lib.optional (has "postgresql" && config.services.postgresql.enable) "postgresql.target"
    ++ lib.optional (has "redis" && config.services.redis.servers ? ${name}) "redis-${name}.service";
in
{
  options.funkturm.services.${name} = {
    enable = lib.mkEnableOption "the Funkturm service ${name}";

    package = lib.mkOption {
      type = lib.types.package;
      default = config.funkturm.package;
      defaultText = lib.literalExpression "config.funkturm.package";
      description = "The package with the program `funkturm`.";
    };

    settings = lib.mkOption {
      description = "The configuration file: a section `process`, and one with the service's name.";
      default = { };
      type = lib.types.submodule {
        freeformType = toml.type;
        options.process = {
          listen = lib.mkOption {
            type = lib.types.str;
            default = "${fleet.self.address}:${toString row.port}";
            defaultText = lib.literalMD "the host's address, and the port of the catalogue";
            description = "Where the service listens.";
          };
          admin_listen = lib.mkOption {
            type = lib.types.str;
            default = "${fleet.self.address}:${toString row.admin}";
            defaultText = lib.literalMD "the host's address, and the admin port of the catalogue";
            description = "Where `/live`, `/ready` and `/metrics` are.";
          };
        };
      };
    };

    settingsFile = lib.mkOption {
      type = lib.types.path;
      internal = true;
      readOnly = true;
      description = "The configuration file, not yet checked.";
    };

    openFirewall = lib.mkEnableOption "the service's port for the roles that call it, and its admin port for monitoring";
  };

  config = lib.mkMerge [
    { funkturm.services.${name}.settingsFile = toml.generate "${unit}-unchecked.toml" cfg.settings; }

    (lib.mkIf cfg.enable {
      funkturm.services.${name}.settings = defaults usual;

      funkturm.firewall.doors = lib.mkIf cfg.openFirewall {
        ${name} = {
          inherit (row) port;
          # nginx goes on to another host's instance when its own does not answer.
          roles = lib.optional (row.routes != [ ]) "api" ++ particulars.callers;
        };
        "${name}-admin" = {
          port = row.admin;
          roles = [ "monitoring" ];
        };
      };

      systemd.services.${unit} = {
        description = "Funkturm: ${row.description}";
        wantedBy = [ "multi-user.target" ];
        wants = [ "network-online.target" ];
        after = [ "network-online.target" ] ++ storeUnits;
        environment = lib.optionalAttrs isMedia { GST_REGISTRY = "/var/cache/${unit}/registry.bin"; };
        # It is tried again for ever, in longer and longer intervals: see Restart below.
        startLimitIntervalSec = 0;

        serviceConfig = lib.mkMerge [
          (lib.mapAttrs (_: lib.mkDefault) (import ./hardening.nix))
          {
            Type = "notify";
            ExecStart = if has "postgresql" || hasRedisPassword then "${withPasswords}" else command;
            LoadCredential = secrets.load credentials;

            # Ready means that it can serve, which waits for its stores; a process that no longer says that it is well is ended.
            TimeoutStartSec = "5min";
            WatchdogSec = "30s";
            TimeoutStopSec = "20s";
            Restart = "always";
            RestartSec = "200ms";
            RestartSteps = 8;
            RestartMaxDelaySec = "30s";
            # EX_CONFIG: another try would not read another configuration.
            RestartPreventExitStatus = 78;

            MemoryMax = particulars.memoryMax;
            TasksMax = particulars.tasksMax;
            LimitNOFILE = particulars.openFiles;
          }
          network
          (lib.optionalAttrs isMedia { CacheDirectory = unit; })
          particulars.serviceConfig
        ];
      };
    })
  ];
}
