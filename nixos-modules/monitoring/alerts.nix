# The alerts as data: each with what it means, and with a test that it fires when it should and keeps quiet when it should.
# docs/operations.md says what to do about each of them.
{ lib, config, ... }:
let
  inherit (lib) mkOption types;
  inherit (config.funkturm.monitoring) alerts;

  string =
    description:
    mkOption {
      type = types.str;
      inherit description;
    };
  # Samples a quarter of a minute apart, by series, as `promtool test rules` writes them.
  samples =
    description:
    mkOption {
      type = types.attrsOf types.str;
      inherit description;
    };

  alert = types.submodule {
    options = {
      expr = string "When it fires, in PromQL.";
      for = mkOption {
        type = types.str;
        default = "0s";
        description = "For how long that has to hold.";
      };
      severity = mkOption {
        type = types.enum [
          "critical"
          "warning"
        ];
        description = "Whether somebody is to get up at night for it.";
      };
      summary = string "What is the matter.";
      test = {
        at = string "The moment at which the test looks.";
        firing = samples "Samples with which it fires.";
        quiet = samples "Samples, much like the others, with which it does not.";
        labels = mkOption {
          type = types.attrsOf types.str;
          description = "What it fires with, beside its severity.";
        };
      };
    };
  };

  annotations = name: alert: {
    inherit (alert) summary;
    runbook = "docs/operations.md#${lib.toLower name}";
  };
  rule = name: alert: {
    alert = name;
    inherit (alert) expr;
    "for" = alert.for;
    labels = {
      inherit (alert) severity;
    };
    annotations = annotations name alert;
  };

  test = name: alert: series: expected: {
    interval = "15s";
    input_series = lib.mapAttrsToList (series: values: { inherit series values; }) series;
    alert_rule_test = [
      {
        eval_time = alert.test.at;
        alertname = name;
        exp_alerts = expected;
      }
    ];
  };
  tests = lib.concatLists (
    lib.mapAttrsToList (name: alert: [
      (test name alert alert.test.firing [
        {
          exp_labels = alert.test.labels // {
            inherit (alert) severity;
          };
          exp_annotations = annotations name alert;
        }
      ])
      (test name alert alert.test.quiet [ ])
    ]) alerts
  );
in
{
  options.funkturm.monitoring = {
    alerts = mkOption {
      type = types.attrsOf alert;
      default = { };
      description = "The alerts, by name.";
    };
    alertTests = mkOption {
      type = types.str;
      default = "";
      internal = true;
      description = "Their tests, for `promtool test rules`.";
    };
  };

  config = lib.mkIf config.funkturm.roles.monitoring.enable {
    funkturm.monitoring = {
      alerts =
        import ./alerts/television.nix
        // import ./alerts/services.nix
        // import ./alerts/stores.nix
        // import ./alerts/hosts.nix;
      alertTests = lib.toJSON {
        rule_files = [ "rules.json" ];
        # Four times as long as in truth, for tests in seconds.
        evaluation_interval = "1m";
        inherit tests;
      };
    };

    services.prometheus.rules = [
      (lib.toJSON {
        groups = [
          {
            name = "funkturm";
            rules = lib.mapAttrsToList rule alerts;
          }
        ];
      })
    ];
  };
}
