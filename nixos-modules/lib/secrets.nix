# Secrets: files on the host, named by path strings so that none of them gets into the store. systemd hands them to a unit as
# credentials, which only that unit can read.
{ config }:
let
  inherit (config.funkturm.secrets) directory;
in
{
  # A file of the secrets' directory.
  file = name: "${directory}/${name}";
  # `LoadCredential` lines for files of that directory.
  load = map (name: "${name}:${directory}/${name}");
  # Where a unit finds one of its credentials: configuration files cannot name $CREDENTIALS_DIRECTORY.
  path = unit: name: "/run/credentials/${unit}.service/${name}";

  # The files that stores and their services share.
  postgresqlPassword = service: "${service}-postgresql-password";
  redisPassword = service: "${service}-redis-password";
  replicationPassword = cluster: "${cluster}-replication-password";
}
