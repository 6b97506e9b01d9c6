# The one list of services, crates/services/catalogue.toml, by name.
{ lib }:
let
  services = lib.listToAttrs (
    map (row: lib.nameValuePair row.name row)
      (lib.importTOML ../../crates/services/catalogue.toml).service
  );
  withStore = store: lib.filterAttrs (_: row: lib.elem store row.stores) services;
in
{
  inherit services withStore;
  # Those with a PostgreSQL or a Redis of their own.
  withStores = withStore "postgresql" // withStore "redis";
  ofRole = role: lib.filterAttrs (_: row: row.role == role) services;
  # Each Redis belongs to one service, so its port follows from the service's: 8101 has its Redis at 18101.
  redisPort = row: row.port + 10000;
}
