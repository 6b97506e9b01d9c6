# The transcode role: ladders and passthrough.
{ lib, config, ... }:
{
  options.funkturm.roles.transcode.enable = lib.mkEnableOption "the transcode role";

  config = lib.mkIf config.funkturm.roles.transcode.enable {
    funkturm.services.transcode = {
      enable = true;
      openFirewall = true;
    };

    # Segments go to every origin in bursts of some megabytes.
    boot.kernel.sysctl = {
      "net.core.wmem_max" = 16777216;
      "net.ipv4.tcp_wmem" = "4096 65536 16777216";
      "net.ipv4.tcp_slow_start_after_idle" = 0;
    };
  };
}
