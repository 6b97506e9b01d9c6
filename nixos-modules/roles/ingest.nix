# The ingest role: receives the sources, which come by multicast and by SRT as a rule.
{ lib, config, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.funkturm.roles.ingest;
in
{
  options.funkturm.roles.ingest = {
    enable = lib.mkEnableOption "the ingest role";

    sourceNetworks = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "10.20.0.0/16" ];
      description = "The networks that sources send from, to any UDP port: multicast, RTP, SRT callers.";
    };

    receiveBufferBytes = mkOption {
      type = types.ints.between 200000 268435456;
      # A second of a full 45 Mbit/s multiplex and some: as long as a busy machine may look away.
      default = 8388608;
      description = "Memory that the kernel holds datagrams in, for each UDP input.";
    };
  };

  config = lib.mkIf cfg.enable {
    funkturm.services.ingest = {
      enable = true;
      openFirewall = true;
    };

    boot.kernel.sysctl = {
      # The most that a socket may ask for.
      "net.core.rmem_max" = cfg.receiveBufferBytes;
      "net.core.rmem_default" = 1048576;
      # Datagrams of a burst that wait for a core, and how many of them it takes at a time.
      "net.core.netdev_max_backlog" = 30000;
      "net.core.netdev_budget" = 600;
      # All inputs together, in pages of 4 KiB: pressure at 1 GiB, an end at 4 GiB.
      "net.ipv4.udp_mem" = "131072 262144 1048576";
      # One for each multicast input; the usual 20 do not hold a line-up.
      "net.ipv4.igmp_max_memberships" = 1024;
    };

    networking.firewall.extraInputRules = lib.optionalString (cfg.sourceNetworks != [ ]) ''
      ip protocol igmp accept comment "queries of multicast routers"
      ip saddr { ${lib.concatStringsSep ", " cfg.sourceNetworks} } meta l4proto udp accept comment "sources"
    '';
  };
}
