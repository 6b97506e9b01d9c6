# Everything that `./x` needs: the same as nix/debian-packages.txt, for Nix.
{ pkgs }:
pkgs.mkShell {
  nativeBuildInputs = with pkgs; [
    cargo
    cargo-deny
    cargo-nextest
    clippy
    nodejs_22
    pkg-config
    rustc
    rustfmt
  ];

  buildInputs =
    (with pkgs; [ libpq ])
    ++ (with pkgs.gst_all_1; [
      gstreamer
      gst-plugins-base
      gst-plugins-good
      gst-plugins-bad
      gst-plugins-ugly
      gst-libav
    ]);

  packages = with pkgs; [
    cacert
    chromium
    curl
    deadnix
    dejavu_fonts
    ffmpeg
    git
    mypy
    nftables
    nginx
    nixfmt
    openssl
    postgresql
    prometheus-alertmanager
    prometheus.cli
    python3
    python3Packages.pyyaml
    redis
    systemd
    wrk
  ];

  # GStreamer's setup hook fills GST_PLUGIN_SYSTEM_PATH_1_0 from buildInputs.
  FUNKTURM_SHELL = "nix";
}
