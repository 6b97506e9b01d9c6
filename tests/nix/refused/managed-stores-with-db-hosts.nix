# Refused by flake on dev-db-a1: take the db host dev-db-a1 out of hosts/inventory.nix
{ funkturm.fleet.managedStores = true; }
