# Refused by flake on preview-db-a1: The cluster main has 2 primaries
{ lib, ... }:
{
  funkturm.fleet.hosts.preview-db-b1.primary = lib.mkForce true;
}
