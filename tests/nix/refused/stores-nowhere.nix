# Refused by flake on dev-api-a1: no cluster of funkturm.fleet.clusters holds the stores of playback
{ lib, ... }:
{
  funkturm.fleet.clusters = lib.mkForce { main = [ "channels" ]; };
}
