# What a host would have on disk, by file name: what the stand-in for nixpkgs renders, and the configuration of our services.
host:
let
  # Clients in tests have none of our modules.
  services = host.config.funkturm.services or { };
  enabled = builtins.filter (name: services.${name}.enable) (builtins.attrNames services);
in
host.config.system.build.rendered
// builtins.listToAttrs (
  map (name: {
    name = "funkturm/${name}.toml";
    value = builtins.readFile services.${name}.settingsFile;
  }) enabled
)
// (
  if host.config.services.prometheus.enable then
    { "prometheus/tests.json" = host.config.funkturm.monitoring.alertTests; }
  else
    { }
)
