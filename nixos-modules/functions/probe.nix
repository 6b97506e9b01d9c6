# The probe: plays every channel as a viewer would, from the public name on, and holds it to the rules of HLS.
{
  lib,
  config,
  pkgs,
  ...
}:
{
  config = lib.mkIf config.funkturm.roles.monitoring.enable {
    funkturm.functions.probe = {
      enable = lib.mkDefault true;
      description = "plays every channel, and counts what breaks the rules";
      schedule = "*:0/10";
      command = lib.concatStringsSep " " [
        "${lib.getExe pkgs.python3} ${./probe.py}"
        "--server https://${config.funkturm.fleet.publicName}"
        "--program ${config.funkturm.package}/bin/funkturm"
      ];
      # Sixty channels take five minutes.
      timeMax = "15min";
    };
  };
}
