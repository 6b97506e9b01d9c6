# Who is where: questions about the fleet that a host's modules ask, answered from `funkturm.fleet`.
{ lib, config }:
let
  inherit (config.funkturm) fleet;
  catalogue = import ./catalogue.nix { inherit lib; };
  named = lib.mapAttrsToList (name: host: host // { inherit name; }) fleet.hosts;

  ofRole = role: lib.filter (host: host.role == role) named;
  addressesOf = roles: map (host: host.address) (lib.filter (host: lib.elem host.role roles) named);

  # The hosts that hold a service's stores, the one that takes writes first.
  clusterOf =
    service:
    lib.findFirst (cluster: lib.elem service fleet.clusters.${cluster})
      (throw "no cluster of funkturm.fleet.clusters holds the stores of ${service}: name it in hosts/environments/${fleet.environment}.nix")
      (lib.attrNames fleet.clusters);
  membersOf =
    cluster:
    let
      members = lib.filter (host: host.cluster == cluster) named;
    in
    lib.filter (host: host.primary) members ++ lib.filter (host: !host.primary) members;
  storesOf = service: membersOf (clusterOf service);
in
{
  inherit
    addressesOf
    catalogue
    clusterOf
    membersOf
    ofRole
    storesOf
    ;
  self = fleet.hosts.${fleet.name} // {
    inherit (fleet) name;
  };
  nameOf = host: "${host.name}.${fleet.domain}";

  # Every instance of a service.
  urlsOf =
    service:
    let
      row = catalogue.services.${service};
    in
    map (host: "http://${host.address}:${toString row.port}") (ofRole row.role);
  # Any instance of it: the name has the addresses of all hosts of the role, and who connects tries them one after the other.
  urlOf =
    service:
    let
      row = catalogue.services.${service};
    in
    "http://${row.role}.${fleet.domain}:${toString row.port}";

  postgresqlUrl =
    service:
    if fleet.managedStores then
      "postgres://${service}@${service}-postgresql.stores.${fleet.domain}:5432/${service}?sslmode=require"
    else
      "postgres://${service}@${
        lib.concatMapStringsSep "," (host: "${host.name}.${fleet.domain}:5432") (storesOf service)
      }/${service}?target_session_attrs=read-write";
  redisAddress =
    service:
    let
      host =
        if fleet.managedStores then "${service}-redis.stores" else (lib.head (storesOf service)).name;
    in
    "${host}.${fleet.domain}:${toString (catalogue.redisPort catalogue.services.${service})}";
}
