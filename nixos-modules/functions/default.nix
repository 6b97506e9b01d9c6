# Functions: work that comes now and then. A function takes nothing while there is none to do: a timer starts it, it ends when it is done,
# and how much memory and time it may take at most is said here. There is never more than one of each at a time.
#
# What a function prints are metrics, which the host's node_exporter shows to Prometheus.
{
  lib,
  config,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  enabled = lib.filterAttrs (_: function: function.enable) config.funkturm.functions;
  group = "funkturm-functions";
  metrics = "/run/funkturm-metrics";

  function = types.submodule {
    options = {
      enable = lib.mkEnableOption "this function";
      description = mkOption {
        type = types.str;
        description = "What it does.";
      };
      command = mkOption {
        type = types.str;
        description = "What is run; it prints metrics.";
      };
      schedule = mkOption {
        type = types.str;
        example = "hourly";
        description = "When it runs, as systemd.time(7) writes it.";
      };
      timeMax = mkOption {
        type = types.str;
        default = "5min";
        description = "It is ended after that.";
      };
      memoryMax = mkOption {
        type = types.str;
        default = "256M";
        description = "The memory it may take.";
      };
      tasksMax = mkOption {
        type = types.ints.positive;
        default = 64;
        description = "The threads and processes it may have.";
      };
      user = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Whom it runs as; without one, as a user that is there only while it runs.";
      };
    };
  };

  unitOf = name: "funkturm-function-${name}";

  # Half a file of metrics must not be seen.
  start =
    name: function:
    pkgs.writeShellScript "${unitOf name}-start" ''
      set -euo pipefail
      ${function.command} > ${metrics}/${name}.new
      mv ${metrics}/${name}.new ${metrics}/${name}.prom
    '';
in
{
  imports = [
    ./probe.nix
    ./backup-check.nix
  ];

  options.funkturm.functions = mkOption {
    type = types.attrsOf function;
    default = { };
    description = "The functions, by name.";
  };

  config = lib.mkIf (enabled != { }) {
    systemd.services = lib.mapAttrs' (
      name: function:
      lib.nameValuePair (unitOf name) {
        description = "Funkturm: ${function.description}";
        wants = [ "network-online.target" ];
        after = [ "network-online.target" ];
        path = [ pkgs.coreutils ];
        serviceConfig = lib.mkMerge [
          (lib.mapAttrs (_: lib.mkDefault) (import ../lib/hardening.nix))
          {
            Type = "oneshot";
            ExecStart = "${start name function}";
            TimeoutStartSec = function.timeMax;
            MemoryMax = function.memoryMax;
            TasksMax = function.tasksMax;
            # It gives way to whatever the host is for.
            CPUWeight = 20;
            Nice = 10;
            SupplementaryGroups = [ group ];
            ReadWritePaths = [ metrics ];
            # node_exporter reads it.
            UMask = "0022";
          }
          (lib.optionalAttrs (function.user != null) {
            DynamicUser = false;
            User = function.user;
          })
        ];
      }
    ) enabled;

    systemd.timers = lib.mapAttrs' (
      name: function:
      lib.nameValuePair (unitOf name) {
        description = "Funkturm: when to run ${name}";
        wantedBy = [ "timers.target" ];
        timerConfig = {
          OnCalendar = function.schedule;
          # Not everywhere in the same moment, but here always in the same one.
          RandomizedDelaySec = "60s";
          FixedRandomDelay = true;
          # Missed while the host was down: made up for.
          Persistent = true;
        };
      }
    ) enabled;

    users.groups.${group} = { };
    systemd.tmpfiles.rules = [ "d ${metrics} 0775 root ${group} -" ];
    services.prometheus.exporters.node.extraFlags = [ "--collector.textfile.directory=${metrics}" ];
  };
}
