{
  description = "Funkturm: a complete backend for a TV streaming service";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    crane.url = "github:ipetkov/crane";
    treefmt-nix = {
      url = "github:numtide/treefmt-nix";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs =
    inputs@{ self, nixpkgs, ... }:
    let
      inherit (nixpkgs) lib;
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      forEachSystem = f: lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});
      parts = pkgs: import ./nix { inherit inputs pkgs; };
    in
    {
      # `funkturm`, and for each service `funkturm-NAME`.
      packages = forEachSystem (pkgs: (parts pkgs).packages);

      # `nix run` is `funkturm up`: everything on this machine.
      apps = forEachSystem (pkgs: (parts pkgs).apps);

      # What `./x` enters by itself on a machine with Nix.
      devShells = forEachSystem (pkgs: {
        default = import ./nix/dev-shell.nix { inherit pkgs; };
      });

      formatter = forEachSystem (pkgs: (parts pkgs).treefmt.wrapper);
      checks = forEachSystem (pkgs: (parts pkgs).checks);

      # What is made of each environment's hosts: resources on AWS, and the plan of a deployment.
      lib = import ./nix/environments.nix {
        inherit lib;
        inherit (self) nixosConfigurations;
      };

      nixosModules.default = {
        imports = [
          ./nixos-modules
          ({ pkgs, ... }: {
            funkturm.package = lib.mkDefault self.packages.${pkgs.stdenv.hostPlatform.system}.funkturm;
          })
        ];
      };
      nixosConfigurations = import ./hosts {
        inherit lib;
        inherit (self) nixosModules;
      };
    };
}
