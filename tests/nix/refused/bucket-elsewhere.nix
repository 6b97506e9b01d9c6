# Refused by flake on dev-db-a1: The bucket funkturm-dev-backups (funkturm.fleet.buckets.backups) is in the region eu-west-1
{ funkturm.fleet.buckets.backups.region = "eu-west-1"; }
