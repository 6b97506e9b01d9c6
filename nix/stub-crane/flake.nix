# An offline stand-in for crane, as nix/stub-nixpkgs is for nixpkgs: it takes what crane takes, and builds nothing.
{
  description = "The part of crane that Funkturm's Nix files use, for evaluation without a network";

  outputs = _: {
    mkLib =
      pkgs:
      let
        # Everything that a build would be given is evaluated.
        step =
          suffix: args:
          builtins.deepSeq (map toString (args.buildInputs or [ ])) (
            pkgs.fake "${args.pname}${suffix}-${args.version}"
          );
      in
      {
        buildDepsOnly = step "-deps";
        buildPackage = args: builtins.seq args.cargoArtifacts (step "" args // { inherit (args) meta; });
        cargoClippy = step "-clippy";
        cargoDeny = step "-deny";
        cargoDoc = step "-doc";
        cargoFmt = step "-fmt";
        cargoNextest = step "-nextest";
        fileset.commonCargoSources = root: root;
      };
  };
}
