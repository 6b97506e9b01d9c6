# dev: one machine of each role, deployed from every green commit.
{
  funkturm.fleet = {
    network = "10.40.0.0/16";
    publicName = "tv.dev.funkturm.example";
    operatorNetworks = [ "10.9.0.0/16" ];
    openHouse = true;
    buckets = {
      channels.name = "funkturm-dev-logos";
      backups.name = "funkturm-dev-backups";
    };
  };

  funkturm.roles.ingest.sourceNetworks = [ "10.20.0.0/16" ];
  # The machines are small.
  funkturm.services.origin.settings.origin.max_bytes = 1073741824;
}
