# An offline stand-in for nixpkgs: `tests/nix/check` puts it in nixpkgs' place and evaluates the real flake with it, in seconds
# and without a network. README.md says what it knows and what it cannot know.
{
  description = "The part of nixpkgs that Funkturm's Nix files use, for evaluation without a network";

  outputs =
    _:
    let
      lib = import ./lib;
      packagesFor = system: import ./packages.nix { inherit lib packagesFor system; };
    in
    {
      lib = lib // {
        nixosSystem = import ./nixos { inherit lib packagesFor; };
      };
      legacyPackages = lib.genAttrs [
        "x86_64-linux"
        "aarch64-linux"
      ] packagesFor;
    };
}
