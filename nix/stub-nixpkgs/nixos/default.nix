# `nixosSystem`: our modules over the upstream options that ../../upstream-options.txt lists.
{ lib, packagesFor }:
{
  modules,
  specialArgs ? { },
}:
let
  pkgs = packagesFor evaluated.config.nixpkgs.hostPlatform;
  evaluated = lib.evalModules {
    specialArgs = specialArgs // {
      inherit pkgs;
      modulesPath = toString ../modules;
    };
    modules = [
      ./toplevel.nix
      ./network.nix
      ./systemd.nix
      ./nginx.nix
      ./stores.nix
      ./monitoring.nix
      { options = import ./upstream.nix { inherit lib; }; }
    ]
    ++ modules;
  };
in
evaluated
// {
  inherit pkgs;
  extendModules =
    more:
    import ./. { inherit lib packagesFor; } {
      inherit specialArgs;
      modules = modules ++ more.modules;
    };
}
