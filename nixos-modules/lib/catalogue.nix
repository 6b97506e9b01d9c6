# The one list of services, crates/services/catalogue.toml, by name.
{ lib }:
let
  services = lib.listToAttrs (
    map (row: lib.nameValuePair row.name row)
      (lib.importTOML ../../crates/services/catalogue.toml).service
  );
in
{
  inherit services;
  ofRole = role: lib.filterAttrs (_: row: row.role == role) services;
  withStore = store: lib.filterAttrs (_: row: lib.elem store row.stores) services;
  # Each Redis belongs to one service, so its port follows from the service's: 8101 has its Redis at 18101.
  redisPort = row: row.port + 10000;
}
