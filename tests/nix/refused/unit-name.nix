# Refused by flake on dev-api-a1: is not of type `string matching the pattern
{ systemd.services.funkturm-web.after = [ "network-online" ]; }
