# What follows from the hosts of each environment together.
{ lib, nixosConfigurations }:
let
  environments = lib.groupBy (name: nixosConfigurations.${name}.config.funkturm.fleet.environment) (
    lib.attrNames nixosConfigurations
  );
  ofEach =
    f: lib.mapAttrs (_: names: f (lib.genAttrs names (name: nixosConfigurations.${name}))) environments;
in
{
  # Terraform JSON, by environment.
  terraform = ofEach (hosts: import ./terraform { inherit lib hosts; });

  # What nix/deploy.py has to know of each host, by environment.
  deployment = ofEach (lib.mapAttrs (_: host: import ./deployment.nix { inherit lib host; }));
}
