# A Redis for each service of the host's cluster that has one, with a password of its own, on the cluster's primary.
{ lib, config, ... }:
let
  cfg = config.funkturm.stores.redis;
  fleet = import ../lib/fleet.nix { inherit lib config; };
  secrets = import ../lib/secrets.nix { inherit config; };
  inherit (fleet) self;

  users = lib.filterAttrs (name: _: lib.elem name config.funkturm.fleet.clusters.${self.cluster}) (
    fleet.catalogue.withStore "redis"
  );
in
{
  options.funkturm.stores.redis.enable =
    lib.mkEnableOption "the Redis servers of this host's cluster";

  config = lib.mkIf (cfg.enable && self.primary) {
    services.redis.vmOverCommit = true;
    services.redis.servers = lib.mapAttrs (name: row: {
      enable = true;
      bind = self.address;
      port = fleet.catalogue.redisPort row;
      requirePassFile = secrets.file (secrets.redisPassword name);
      # A restart loses the last second at most.
      appendOnly = true;
      settings = {
        maxmemory = "1gb";
        # Leases and sessions must not vanish: a full Redis refuses writes instead, and says so.
        maxmemory-policy = "noeviction";
      };
    }) users;

    # Its address is there when the network is.
    systemd.services = lib.mapAttrs' (
      name: _:
      lib.nameValuePair "redis-${name}" {
        wants = [ "network-online.target" ];
        after = [ "network-online.target" ];
      }
    ) users;

    funkturm.firewall.doors = lib.mapAttrs' (
      name: row:
      lib.nameValuePair "redis-${name}" {
        port = fleet.catalogue.redisPort row;
        roles = [ row.role ];
      }
    ) users;
  };
}
