# production: three zones, any of which may be away; a db cluster for each kind of load.
{ lib, ... }:
let
  catalogue = import ../../nixos-modules/lib/catalogue.nix { inherit lib; };
in
{
  funkturm.fleet = {
    network = "10.42.0.0/16";
    publicName = "tv.funkturm.example";
    operatorNetworks = [ "10.9.0.0/16" ];
    openHouse = true;
    mail = {
      host = "email-smtp.eu-central-1.amazonaws.com";
      from = "no-reply@tv.funkturm.example";
      operator = "Funkturm";
    };
    clusters = rec {
      sessions = [ "playback" ];
      leases = [ "transcode" ];
      # What is not named: here are replicas and backups.
      lineup = lib.subtractLists (sessions ++ leases) (lib.attrNames catalogue.withStores);
    };
    buckets = {
      channels.name = "funkturm-production-logos";
      backups.name = "funkturm-production-backups";
    };
  };

  funkturm.monitoring.webhook = true;
  funkturm.roles.ingest.sourceNetworks = [ "10.20.0.0/16" ];
  funkturm.edge.cacheSize = "100g";
}
