# Terraform JSON of each environment, and of dev with AWS' own stores in its db hosts' place.
hosts:
let
  lib = import ../../nix/stub-nixpkgs/lib;
  environments = import ../../nix/environments.nix {
    inherit lib;
    nixosConfigurations = hosts;
  };
  withoutDb = lib.filterAttrs (_: host: host.role != "db");
  managed =
    host:
    host.extendModules {
      modules = [
        {
          funkturm.fleet.managedStores = true;
          funkturm.fleet.hosts = lib.mkForce (withoutDb host.config.funkturm.fleet.hosts);
        }
      ];
    };
  devHosts = lib.filterAttrs (
    _: host: host.config.funkturm.fleet.environment == "dev" && !host.config.funkturm.roles.db.enable
  ) hosts;
in
environments.terraform
// {
  dev-managed = import ../../nix/terraform {
    inherit lib;
    hosts = lib.mapAttrs (_: managed) devHosts;
  };
}
