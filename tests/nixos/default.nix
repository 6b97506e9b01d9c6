# The VM tests, by name: every file NAME.nix here with the hosts that it takes, and beside it NAME.py with what is done to them.
# `tests/nixos/rehearse` runs the same scripts over the same hosts without Nix' packages and without virtual machines.
{ pkgs, nixosModules }:
let
  inherit (pkgs) lib;
  catalogue = import ../../nixos-modules/lib/catalogue.nix { inherit lib; };
  nodesOf = import ./lib/nodes.nix { inherit lib pkgs nixosModules; };
  scenarios = [
    "topology"
    "ingest-failover"
    "transcoder-failover"
    "origin-failover"
    "db-restart"
    "isolation"
    "rolling-deploy"
  ];
in
lib.genAttrs scenarios (
  name:
  pkgs.testers.runNixOSTest {
    inherit name;
    nodes = nodesOf (import (./. + "/${name}.nix"));
    testScript = ''
      CATALOGUE = ${lib.toJSON (lib.toJSON (lib.attrValues catalogue.services))}
      ${builtins.readFile ./lib/prelude.py}${builtins.readFile (./. + "/${name}.py")}'';
    globalTimeout = 1200;
  }
)
