# What every machine of a fleet has, wherever it stands.
{ lib, config, ... }:
let
  inherit (config.funkturm) fleet;
  rolesName = host: "${host.role}.${fleet.domain}";
in
{
  system.stateVersion = "26.05";

  # Host names, and for each role a name with all of its hosts' addresses.
  networking.hosts = lib.mapAttrs' (
    name: host:
    lib.nameValuePair host.address [
      "${name}.${fleet.domain}"
      (rolesName host)
    ]
  ) fleet.hosts;

  # Segments are cut on the wall clock, so it has to be the same everywhere.
  services.chrony.enable = true;

  services.openssh = {
    enable = true;
    openFirewall = false;
    settings = {
      PasswordAuthentication = false;
      KbdInteractiveAuthentication = false;
      PermitRootLogin = "prohibit-password";
    };
  };
  users.users.root.openssh.authorizedKeys.keys = import ../operators.nix;

  services.prometheus.exporters.node = {
    enable = true;
    listenAddress = (import ../../nixos-modules/lib/fleet.nix { inherit lib config; }).self.address;
    enabledCollectors = [ "systemd" ];
  };

  funkturm.firewall.doors = {
    ssh = {
      port = 22;
      networks = fleet.operatorNetworks;
    };
    node-exporter = {
      port = 9100;
      roles = [ "monitoring" ];
    };
  };

  nix.settings.experimental-features = [
    "nix-command"
    "flakes"
  ];
  nix.gc = {
    automatic = true;
    options = "--delete-older-than 14d";
  };
}
