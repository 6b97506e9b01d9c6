# All of Funkturm's NixOS modules. Importing them changes nothing: a role, or a service, has to be enabled.
{
  imports = [
    ./fleet.nix
    ./region.nix
    ./firewall.nix
    ./edge.nix
    ./services
    ./stores/postgresql.nix
    ./stores/replication.nix
    ./stores/backup.nix
    ./stores/redis.nix
    ./roles/ingest.nix
    ./roles/transcode.nix
    ./roles/api.nix
    ./roles/db.nix
    ./roles/monitoring.nix
    ./monitoring/alerts.nix
    ./monitoring/alertmanager.nix
    ./monitoring/exporters.nix
    ./monitoring/grafana.nix
    ./functions
  ];
}
