# One module for each row of the catalogue: the file with the service's name where there is one, else the builder alone.
{ lib, ... }:
let
  catalogue = import ../lib/catalogue.nix { inherit lib; };
  moduleOf =
    name:
    let
      file = ./. + "/${name}.nix";
    in
    if builtins.pathExists file then file else import ../lib/service.nix name (_: { });
in
{
  imports = map moduleOf (lib.attrNames catalogue.services);
}
