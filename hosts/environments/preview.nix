# preview: production's shape, small. A release is tried here.
{
  funkturm.fleet = {
    network = "10.41.0.0/16";
    publicName = "tv.preview.funkturm.example";
    operatorNetworks = [ "10.9.0.0/16" ];
    openHouse = true;
    mail = {
      host = "email-smtp.eu-central-1.amazonaws.com";
      from = "no-reply@tv.preview.funkturm.example";
      operator = "Funkturm";
    };
    buckets = {
      channels.name = "funkturm-preview-logos";
      backups.name = "funkturm-preview-backups";
    };
  };

  funkturm.monitoring.webhook = true;
  funkturm.roles.ingest.sourceNetworks = [ "10.20.0.0/16" ];
}
