# Refused by flake on production-monitoring-a1: Nobody hears the alerts of production
{ lib, ... }:
{
  funkturm.monitoring.webhook = lib.mkForce false;
}
