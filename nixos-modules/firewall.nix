# Who may come in: nothing is open but doors, and a door is open for some roles or networks.
{ lib, config, ... }:
let
  inherit (lib) mkOption types;
  fleet = import ./lib/fleet.nix { inherit lib config; };

  door = types.submodule {
    options = {
      port = mkOption {
        type = types.port;
        description = "The port.";
      };
      protocol = mkOption {
        type = types.enum [
          "tcp"
          "udp"
        ];
        default = "tcp";
        description = "Its protocol.";
      };
      roles = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Hosts of these roles may come in.";
      };
      networks = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "So may these addresses and networks.";
      };
    };
  };

  rule =
    name: door:
    let
      from = lib.unique (fleet.addressesOf door.roles ++ door.networks);
      source = lib.optionalString (
        from != [ "0.0.0.0/0" ]
      ) "ip saddr { ${lib.concatStringsSep ", " from} } ";
    in
    lib.optionalString (from != [ ]) ''
      ${source}${door.protocol} dport ${toString door.port} accept comment "${name}"
    '';
in
{
  options.funkturm.firewall.doors = mkOption {
    type = types.attrsOf door;
    default = { };
    description = "The ports of this host that can be reached, and by whom.";
  };

  config = {
    networking.nftables.enable = true;
    networking.firewall = {
      enable = true;
      # Answers may come back another way than they went out: multicast does.
      checkReversePath = "loose";
      extraInputRules = lib.concatStringsSep "" (lib.mapAttrsToList rule config.funkturm.firewall.doors);
    };
  };
}
