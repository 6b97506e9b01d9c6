# An offline stand-in for treefmt-nix: the options of nix/treefmt.nix with their types, and nothing that runs.
{
  description = "The part of treefmt-nix that Funkturm's Nix files use, for evaluation without a network";

  # As upstream has it; the flake's `follows` goes through here.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { nixpkgs, ... }:
    {
      lib.evalModule =
        pkgs: module:
        let
          inherit (nixpkgs) lib;
          program = {
            enable = lib.mkEnableOption "this formatter";
          };
          evaluated = lib.evalModules {
            specialArgs = { inherit pkgs; };
            modules = [
              {
                options = {
                  projectRootFile = lib.mkOption { type = lib.types.str; };
                  programs = {
                    deadnix = program;
                    nixfmt = program;
                    rustfmt = program // {
                      edition = lib.mkOption { type = lib.types.str; };
                    };
                  };
                };
              }
              module
            ];
          };
          settled = builtins.deepSeq evaluated.config;
        in
        {
          config.build = {
            wrapper = settled (pkgs.fake "treefmt");
            check = source: settled (builtins.seq source (pkgs.fake "treefmt-check"));
          };
        };
    };
}
