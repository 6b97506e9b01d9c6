# Refused by flake on dev-monitoring-a1: funkturm.monitoring.alerts.Nothing.test
{
  funkturm.monitoring.alerts.Nothing = {
    expr = "vector(1)";
    severity = "warning";
    summary = "Nothing";
  };
}
