# Refused by flake on dev-api-a1: no cluster of funkturm.fleet.clusters holds the stores of playback
{ lib, ... }:
let
  catalogue = import ../../../nixos-modules/lib/catalogue.nix { inherit lib; };
in
{
  funkturm.fleet.clusters = lib.mkForce {
    main = lib.subtractLists [ "playback" ] (lib.attrNames catalogue.withStores);
  };
}
