# pgBackRest: every change goes to S3 as it happens, a full copy weekly and what has changed daily, from the primary.
{
  lib,
  config,
  pkgs,
  ...
}:
let
  fleet = import ../lib/fleet.nix { inherit lib config; };
  inherit (fleet) self;
  inherit (config.funkturm.fleet) environment;
  bucket = config.funkturm.fleet.buckets.backups;
in
{
  config =
    lib.mkIf (config.funkturm.stores.postgresql.enable && config.funkturm.fleet.buckets ? backups)
      {
        services.pgbackrest = {
          enable = true;
          repos.s3 = {
            type = "s3";
            # By cluster, not by host: after a failover the new primary goes on where the old one ended.
            path = "/${environment}/${self.cluster}";
            s3-bucket = bucket.name;
            s3-region = bucket.region;
            s3-endpoint =
              if bucket.endpoint == null then "s3.${bucket.region}.amazonaws.com" else bucket.endpoint;
            # The machine's own role (IAM) opens the bucket: there is no key to keep.
            s3-key-type = "auto";
            retention-full = 4;
            bundle = true;
          };
          settings = {
            start-fast = true;
            compress-type = "zst";
            process-max = 2;
          };
          stanzas.default.jobs = lib.mkIf self.primary {
            full = {
              schedule = "Sun 03:10 UTC";
              type = "full";
            };
            differential = {
              schedule = "Mon..Sat 03:10 UTC";
              type = "diff";
            };
          };
        };

        # What a replica no longer gets from its primary it gets from the backups.
        services.postgresql.settings.restore_command = ''${lib.getExe pkgs.pgbackrest} --stanza=default archive-get %f "%p"'';
      };
}
