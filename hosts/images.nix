# The image that an EC2 instance of each role starts from, for instances as the first host of that role in dev is one.
{ lib, nixosConfigurations }:
let
  dev = lib.filterAttrs (
    _: host: host.config.funkturm.fleet.environment == "dev"
  ) nixosConfigurations;
  roles = lib.groupBy (
    name:
    let
      inherit (dev.${name}.config.funkturm) fleet;
    in
    fleet.hosts.${fleet.name}.role
  ) (lib.attrNames dev);
in
lib.mapAttrs (
  role: names:
  let
    host = dev.${lib.head names};
  in
  lib.nixosSystem {
    modules = [
      ./profiles/image.nix
      ./profiles/ec2.nix
      {
        nixpkgs.hostPlatform = host.pkgs.stdenv.hostPlatform.system;
        networking.hostName = "funkturm-${role}";
        # Most of what a host of the role needs is on its disk before its first deployment.
        system.extraDependencies = [ host.config.system.build.toplevel ];
      }
    ];
  }
) roles
