# The flake's parts for one system.
{ inputs, pkgs }:
let
  inherit (pkgs) lib;
  inherit (pkgs.stdenv.hostPlatform) system;
  rust = import ./rust.nix {
    inherit pkgs;
    craneLib = inputs.crane.mkLib pkgs;
  };
  treefmt = (inputs.treefmt-nix.lib.evalModule pkgs ./treefmt.nix).config.build;
  hosts = lib.filterAttrs (
    _: host: host.pkgs.stdenv.hostPlatform.system == system
  ) inputs.self.nixosConfigurations;
  scenarios = import ../tests/nixos {
    inherit pkgs;
    inherit (inputs.self) nixosModules;
  };
in
{
  inherit treefmt;

  packages = {
    default = rust.funkturm;
    inherit (rust) funkturm;
  }
  // import ./service-packages.nix {
    inherit pkgs;
    inherit (rust) funkturm;
  };

  apps.default = {
    type = "app";
    program = "${pkgs.writeShellScript "funkturm-up" ''exec ${rust.funkturm}/bin/funkturm up "$@"''}";
    meta.description = "Everything on this machine";
  };

  checks =
    rust.checks
    // {
      format = treefmt.check inputs.self;
    }
    // lib.mapAttrs' (
      name: host: lib.nameValuePair "host-${name}" host.config.system.build.toplevel
    ) hosts
    // lib.mapAttrs' (name: lib.nameValuePair "vm-${name}") scenarios;
}
