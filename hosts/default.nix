# `nixosConfigurations`: every machine of the inventory, with its role, its environment and its profile.
{ lib, nixosModules }:
let
  inventory = import ./inventory.nix;
  keep = [
    "role"
    "zone"
    "address"
    "cluster"
    "primary"
  ];
  ofEnvironment =
    environment:
    lib.mapAttrs (_: lib.filterAttrs (fact: _: lib.elem fact keep)) (
      lib.filterAttrs (_: host: host.environment == environment) inventory
    );
in
lib.mapAttrs (
  name: host:
  lib.nixosSystem {
    modules = [
      nixosModules.default
      ./profiles/base.nix
      ./profiles/ec2.nix
      (./environments + "/${host.environment}.nix")
      {
        nixpkgs.hostPlatform = host.system;
        networking.hostName = name;
        funkturm.roles.${host.role}.enable = true;
        funkturm.fleet = {
          inherit name;
          inherit (host) environment;
          hosts = ofEnvironment host.environment;
        };
      }
    ];
  }
) inventory
