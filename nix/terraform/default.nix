# An environment on AWS as Terraform JSON, from the same facts as its hosts: the inventory says which machines there are, and the hosts'
# own configuration which doors they open, which buckets and which stores there are. `nix build .#terraform` writes it.
#
# hosts   the environment's members of `nixosConfigurations`, by name
{ lib, hosts }:
let
  inventory = import ../../hosts/inventory.nix;
  first = lib.head (lib.attrValues hosts);
  inherit (first.config.funkturm) fleet;
  region = fleet.allowedRegion;

  # What stands in the inventory, and the host's configuration.
  machines = lib.mapAttrs (
    name: host: inventory.${name} // { inherit (host.config) funkturm; }
  ) hosts;

  # Hosts that may do the same: a role, of db hosts one cluster's primary or its replicas.
  groupOf =
    host:
    if host.role == "db" then
      "db-${host.cluster}-${if host.primary then "primary" else "replica"}"
    else
      host.role;
  groups = lib.groupBy (name: groupOf machines.${name}) (lib.attrNames machines);

  facts = {
    inherit
      fleet
      groupOf
      groups
      lib
      machines
      region
      ;
    inherit (fleet) environment;
    catalogue = import ../../nixos-modules/lib/catalogue.nix { inherit lib; };
    # Losing what is in dev is no loss.
    isPrecious = fleet.environment != "dev";
    zones = lib.unique (lib.mapAttrsToList (_: machine: machine.zone) machines);
    zoneLetter = zone: lib.last (lib.stringToCharacters zone);
    # A group's machines are configured alike; one speaks for all.
    oneOf = group: machines.${lib.head groups.${group}};
    # 10.42.0.0/16 -> 10.42
    networkPrefix = lib.concatStringsSep "." (
      map (place: lib.elemAt (lib.splitString "." fleet.network) place) [
        0
        1
      ]
    );
  };

  # The parts speak of different resources; where two speak of one kind, they name different ones.
  parts = map (part: import part facts) (
    [
      ./network.nix
      ./security.nix
      ./machines.nix
      ./buckets.nix
      ./identity.nix
      ./balancer.nix
    ]
    ++ lib.optional fleet.managedStores ./managed-stores.nix
  );
in
lib.foldl' lib.recursiveUpdate {
  terraform = {
    required_version = ">= 1.11";
    required_providers.aws = {
      source = "hashicorp/aws";
      version = "~> 6.25";
    };
    # The bucket is made once by hand: docs/operations.md.
    backend.s3 = {
      bucket = "funkturm-terraform-state";
      key = "${fleet.environment}.tfstate";
      inherit region;
      encrypt = true;
      use_lockfile = true;
    };
  };
  provider.aws = {
    inherit region;
    default_tags.tags = {
      Project = "funkturm";
      Environment = fleet.environment;
    };
  };
} parts
