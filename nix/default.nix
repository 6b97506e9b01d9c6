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

    # ENVIRONMENT/main.tf.json
    terraform = pkgs.linkFarm "funkturm-terraform" (
      lib.mapAttrsToList (environment: configuration: {
        name = "${environment}/main.tf.json";
        path = pkgs.writeText "main.tf.json" (lib.toJSON configuration);
      }) inputs.self.lib.terraform
    );
  }
  // import ./service-packages.nix {
    inherit pkgs;
    inherit (rust) funkturm;
  }
  # For EC2, `image-ROLE`.
  //
    lib.mapAttrs'
      (role: image: lib.nameValuePair "image-${role}" image.config.system.build.images.amazon)
      (
        lib.filterAttrs (_: image: image.pkgs.stdenv.hostPlatform.system == system) (
          import ../hosts/images.nix {
            inherit (inputs.nixpkgs) lib;
            inherit (inputs.self) nixosConfigurations;
          }
        )
      );

  apps = {
    default = {
      type = "app";
      program = "${pkgs.writeShellScript "funkturm-up" ''exec ${rust.funkturm}/bin/funkturm up "$@"''}";
      meta.description = "Everything on this machine";
    };
    deploy = {
      type = "app";
      program = "${pkgs.writeShellScript "funkturm-deploy" ''
        export NIXOS_REBUILD=${lib.getExe pkgs.nixos-rebuild-ng} PATH=${
          lib.makeBinPath [ pkgs.openssh ]
        }:$PATH
        exec ${lib.getExe pkgs.python3} ${./deploy.py} "$@"
      ''}";
      meta.description = "Brings an environment's hosts to what this checkout says, one after the other";
    };
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
