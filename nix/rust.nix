# The program `funkturm` with the web app inside, and the checks of the Rust workspace. The dependencies are built once, for all of them.
{ pkgs, craneLib }:
let
  inherit (pkgs) lib;
  root = ../.;
  webApp = import ./web-app.nix { inherit pkgs; };

  src = lib.fileset.toSource {
    inherit root;
    fileset = lib.fileset.unions [
      (craneLib.fileset.commonCargoSources root)
      # What is compiled in or read by tests: migrations, pictures, recorded answers, the catalogue.
      ../crates
      ../clippy.toml
      ../deny.toml
      ../rustfmt.toml
      ../.config
    ];
  };

  mediaLibraries = with pkgs.gst_all_1; [
    gstreamer
    gst-plugins-base
    gst-plugins-good
    gst-plugins-bad
    gst-plugins-ugly
    gst-libav
  ];

  fonts = pkgs.makeFontsConf { fontDirectories = [ pkgs.dejavu_fonts ]; };

  common = {
    inherit src;
    pname = "funkturm";
    version = (lib.importTOML ../Cargo.toml).workspace.package.version;
    strictDeps = true;
    nativeBuildInputs = [
      pkgs.makeWrapper
      pkgs.pkg-config
    ];
    buildInputs = [ pkgs.libpq ] ++ mediaLibraries;
    # Where the program's build looks for it (crates/services/web/build.rs).
    preBuild = ''
      ln -sfn ${webApp} crates/services/web/app/dist
    '';
  };

  cargoArtifacts = craneLib.buildDepsOnly (removeAttrs common [ "preBuild" ]);
  withDependencies = common // {
    inherit cargoArtifacts;
  };
in
{
  funkturm = craneLib.buildPackage (
    withDependencies
    // {
      cargoExtraArgs = "--locked --package funkturm";
      # nextest runs them, below.
      doCheck = false;
      # GStreamer finds its plugins by this path; the demo's clock is written in that font, and `funkturm up` starts these stores.
      postInstall = ''
        wrapProgram $out/bin/funkturm \
          --set-default FONTCONFIG_FILE ${fonts} \
          --prefix GST_PLUGIN_SYSTEM_PATH_1_0 : "$GST_PLUGIN_SYSTEM_PATH_1_0" \
          --suffix PATH : ${
            lib.makeBinPath [
              pkgs.postgresql_17
              pkgs.redis
            ]
          }
      '';
      meta = {
        description = "A complete backend for a TV streaming service";
        license = lib.licenses.asl20;
        mainProgram = "funkturm";
      };
    }
  );

  checks = {
    clippy = craneLib.cargoClippy (
      withDependencies // { cargoClippyExtraArgs = "--workspace --all-targets -- --deny warnings"; }
    );
    doc = craneLib.cargoDoc (withDependencies // { cargoDocExtraArgs = "--workspace --no-deps"; });
    rustfmt = craneLib.cargoFmt { inherit (common) pname version src; };
    deny = craneLib.cargoDeny { inherit (common) pname version src; };
    nextest = craneLib.cargoNextest (
      withDependencies
      // {
        cargoNextestExtraArgs = "--workspace --profile ci";
        # They start stores of their own, and players that are not ours.
        nativeCheckInputs = [
          pkgs.ffmpeg
          pkgs.postgresql_17
          pkgs.redis
        ];
      }
    );
  };
}
