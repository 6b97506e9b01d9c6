# Refused by flake on dev-api-a1: The option `services.nginx.recommendedGzipSettings' does not exist
# Upstream has this one; nix/upstream-options.txt does not, so nobody has looked whether it is as we think.
{ services.nginx.recommendedGzipSettings = true; }
