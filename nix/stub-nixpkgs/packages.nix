# Fake packages: they have names and places, and nothing is ever built from them. Files are real, so that what hosts would have on disk
# can be looked at.
{
  lib,
  packagesFor,
  system,
}:
let
  # A real derivation, so that `nix flake check` takes it for one; its path as plain text, so that files may name it.
  fake =
    name:
    let
      real = derivation {
        inherit name system;
        builder = "/bin/sh";
      };
    in
    {
      type = "derivation";
      pname = name;
      inherit name system;
      inherit (real) drvPath;
      outPath = builtins.unsafeDiscardStringContext real.outPath;
      outputName = "out";
      meta = { };
    };

  writeText = name: text: builtins.toFile name (builtins.unsafeDiscardStringContext text);
  toml = import ./toml.nix { inherit lib; };

  plain = lib.genAttrs [
    "cargo"
    "cargo-deny"
    "cargo-nextest"
    "chromium"
    "clippy"
    "cacert"
    "coreutils"
    "curl"
    "deadnix"
    "dejavu_fonts"
    "ffmpeg"
    "git"
    "libpq"
    "mypy"
    "nftables"
    "nginx"
    "nix"
    "nixfmt"
    "nixos-rebuild-ng"
    "nodejs_22"
    "openssh"
    "openssl"
    "pgbackrest"
    "pkg-config"
    "postgresql"
    "postgresql_17"
    "prometheus-alertmanager"
    "python3"
    "redis"
    "rustc"
    "rustfmt"
    "systemd"
    "wrk"
  ] fake;
in
plain
// {
  inherit fake lib writeText;
  inherit system;
  testers.runNixOSTest = import ./nixos/testing.nix {
    inherit
      lib
      packagesFor
      system
      fake
      ;
  };
  stdenv = {
    hostPlatform = {
      inherit system;
    };
    mkDerivation = args: fake args.name or "${args.pname}-${args.version}";
  };
  prometheus.cli = fake "prometheus-cli";
  python3Packages.pyyaml = fake "pyyaml";
  gst_all_1 = lib.genAttrs [
    "gstreamer"
    "gst-plugins-base"
    "gst-plugins-good"
    "gst-plugins-bad"
    "gst-plugins-ugly"
    "gst-libav"
  ] fake;

  writeShellScript = name: text: writeText name "#!/bin/bash\n${text}";
  linkFarm = name: entries: builtins.deepSeq (map (entry: "${entry.path}") entries) (fake name);
  writeShellApplication = { name, ... }: fake name;
  runCommand =
    name: _attrs: script:
    builtins.seq script (fake name);
  makeFontsConf = { fontDirectories }: builtins.seq fontDirectories (fake "fonts.conf");
  makeWrapper = fake "make-wrapper";
  mkShell = args: builtins.deepSeq (map toString (args.packages or [ ])) (fake "shell");
  buildNpmPackage = args: builtins.seq args.npmDeps (fake "${args.pname}-${args.version}");
  importNpmLock = {
    __functor =
      _self:
      { npmRoot, packageLock, ... }:
      builtins.seq npmRoot (builtins.deepSeq packageLock (fake "npm-deps"));
    npmConfigHook = fake "npm-config-hook";
  };

  formats = {
    toml = _: {
      type = lib.types.attrsOf lib.types.anything;
      generate = name: value: writeText name (toml value);
    };
    json = _: {
      type = lib.types.attrsOf lib.types.anything;
      generate = name: value: writeText name (lib.toJSON value);
    };
  };
}
