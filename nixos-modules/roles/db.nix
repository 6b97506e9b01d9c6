# The db role: the PostgreSQL and Redis of the services that the host's cluster holds.
{ lib, config, ... }:
let
  fleet = import ../lib/fleet.nix { inherit lib config; };
  inherit (config.funkturm.fleet) clusters;
  inherit (fleet) self;
  held = clusters.${toString self.cluster} or [ ];
  holds = store: lib.any (name: (fleet.catalogue.withStore store) ? ${name}) held;
  primaries = lib.filter (host: host.primary) (fleet.membersOf self.cluster);
in
{
  options.funkturm.roles.db.enable = lib.mkEnableOption "the db role";

  config = lib.mkIf config.funkturm.roles.db.enable {
    assertions = [
      {
        assertion = !config.funkturm.fleet.managedStores;
        message = "The stores of ${config.funkturm.fleet.environment} are RDS and ElastiCache (funkturm.fleet.managedStores): take the db host ${self.name} out of hosts/inventory.nix.";
      }
      {
        assertion = self.cluster != null && clusters ? ${toString self.cluster};
        message = "The db host ${self.name} belongs to the cluster ${toString self.cluster}, which is not one of funkturm.fleet.clusters.";
      }
      {
        assertion = lib.length primaries == 1;
        message = "The cluster ${toString self.cluster} has ${toString (lib.length primaries)} primaries: hosts/inventory.nix must name one.";
      }
    ];

    funkturm.stores = {
      postgresql.enable = holds "postgresql";
      redis.enable = holds "redis";
    };
  };
}
