# What `nix flake check` forces of a host: its whole configuration, after its assertions.
{
  lib,
  config,
  pkgs,
  ...
}:
let
  failed = lib.filter (assertion: !assertion.assertion) config.assertions;
in
{
  options.system.build = {
    # What the host would have on disk, by file name: what tests/nix/check compares and tries.
    rendered = lib.mkOption {
      type = lib.types.attrsOf lib.types.str;
      default = { };
    };
    toplevel = lib.mkOption { type = lib.types.raw; };
    images = lib.mkOption { type = lib.types.attrsOf lib.types.raw; };
  };

  config.system.build.images.amazon = builtins.deepSeq (map toString (
    config.system.extraDependencies ++ [ config.system.build.toplevel ]
  )) (pkgs.fake "amazon-image-${config.networking.hostName}");

  config.system.build.toplevel =
    if failed != [ ] then
      throw "\nFailed assertions:\n${lib.concatMapStrings (assertion: "- ${assertion.message}\n") failed}"
    else
      builtins.deepSeq (removeAttrs config [ "system" ]) (
        builtins.deepSeq config.system.build.rendered (
          pkgs.fake "nixos-system-${config.networking.hostName}"
        )
      );
}
