{
  description = "Funkturm: a complete backend for a TV streaming service";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      forEachSystem = f: nixpkgs.lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});
    in
    {
      # What `./x` enters by itself on a machine with Nix.
      devShells = forEachSystem (pkgs: {
        default = import ./nix/dev-shell.nix { inherit pkgs; };
      });
    };
}
