# The api role: every service that apps, viewers and operators reach, and nginx before them.
{ lib, config, ... }:
let
  catalogue = import ../lib/catalogue.nix { inherit lib; };
in
{
  options.funkturm.roles.api.enable = lib.mkEnableOption "the api role";

  config = lib.mkIf config.funkturm.roles.api.enable {
    funkturm.services = lib.mapAttrs (_: _: {
      enable = true;
      openFirewall = true;
    }) (catalogue.ofRole "api");

    funkturm.edge.enable = true;

    # Many viewers, many connections, each with long pauses.
    boot.kernel.sysctl = {
      "net.core.somaxconn" = 16384;
      "net.ipv4.tcp_max_syn_backlog" = 16384;
      "net.ipv4.ip_local_port_range" = "20000 65000";
      "net.ipv4.tcp_slow_start_after_idle" = 0;
      "net.ipv4.tcp_wmem" = "4096 65536 16777216";
    };
  };
}
