# `testers.runNixOSTest`: a VM test whose nodes are evaluated like hosts; nothing is built or run.
{
  lib,
  packagesFor,
  system,
  fake,
}:
test:
let
  inherit (lib) mkOption types;

  checked =
    (lib.evalModules {
      modules = [
        test
        {
          options = {
            name = mkOption { type = types.str; };
            nodes = mkOption { type = types.attrsOf types.raw; };
            testScript = mkOption { type = types.str; };
            globalTimeout = mkOption {
              type = types.ints.unsigned;
              default = 3600;
            };
          };
        }
      ];
    }).config;

  # nixos/modules/virtualisation/qemu-vm.nix, which only the nodes of tests have (known from the NixOS manual).
  machine = {
    options.virtualisation = {
      vlans = mkOption {
        type = types.listOf types.int;
        default = [ 1 ];
      };
      memorySize = mkOption {
        type = types.ints.positive;
        default = 1024;
      };
    };
  };

  nodes = lib.mapAttrs (
    name: node:
    (import ./. { inherit lib packagesFor; } {
      modules = [
        machine
        node
        {
          nixpkgs.hostPlatform = system;
          networking.hostName = lib.mkDefault name;
        }
      ];
    }).config
  ) checked.nodes;
in
builtins.deepSeq [
  checked.testScript
  checked.globalTimeout
  (lib.mapAttrs (_: node: node.system.build.toplevel.drvPath) nodes)
] (fake "vm-test-run-${checked.name}")
// {
  inherit nodes;
  inherit (checked) testScript;
}
