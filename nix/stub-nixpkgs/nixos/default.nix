# `nixosSystem`: our modules over the upstream options that ../../upstream-options.txt lists.
{ lib, packagesFor }:
{
  modules,
  specialArgs ? { },
}:
let
  evaluated = lib.evalModules {
    specialArgs = specialArgs // {
      pkgs = packagesFor evaluated.config.nixpkgs.hostPlatform;
      modulesPath = toString ../modules;
    };
    modules = [
      ./toplevel.nix
      ./systemd.nix
      ./nginx.nix
      ./stores.nix
      { options = import ./upstream.nix { inherit lib; }; }
    ]
    ++ modules;
  };
in
evaluated
// {
  extendModules =
    more:
    import ./. { inherit lib packagesFor; } {
      inherit specialArgs;
      modules = modules ++ more.modules;
    };
}
