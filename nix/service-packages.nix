# A package for each service of the catalogue, `funkturm-NAME`, which runs that service and nothing else. It is the same program
# (docs/decisions/0001-one-binary.md).
{ pkgs, funkturm }:
let
  inherit (pkgs) lib;
  catalogue = import ../nixos-modules/lib/catalogue.nix { inherit lib; };
in
lib.mapAttrs' (
  name: _:
  lib.nameValuePair "funkturm-${name}" (
    pkgs.writeShellApplication {
      name = "funkturm-${name}";
      text = ''
        exec ${funkturm}/bin/funkturm serve ${name} "$@"
      '';
    }
  )
) catalogue.services
