# Asks pgBackRest on each cluster's primary whether the backups are in order, and how old the last one is.
{
  lib,
  config,
  pkgs,
  ...
}:
let
  inherit (import ../lib/fleet.nix { inherit lib config; }) self;
in
{
  config = lib.mkIf (config.services.pgbackrest.enable && self.primary) {
    funkturm.functions.backup-check = {
      enable = lib.mkDefault true;
      description = "asks whether the backups are in order";
      schedule = "hourly";
      command = lib.concatStringsSep " " [
        "${lib.getExe pkgs.python3} ${./backup-check.py}"
        "${lib.getExe pkgs.pgbackrest} --stanza=default --output=json info"
      ];
      # As the backups themselves are made.
      user = "pgbackrest";
    };
  };
}
