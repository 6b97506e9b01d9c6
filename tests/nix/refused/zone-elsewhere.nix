# Refused by flake on dev-api-a1: The host dev-api-a1 is in the zone us-east-1a, but data may only be in eu-central-1
{ lib, ... }:
{
  funkturm.fleet.hosts.dev-api-a1.zone = lib.mkForce "us-east-1a";
}
