# Refused by units on dev-api-a1: Unknown key 'Restat'
{ systemd.services.funkturm-web.serviceConfig.Restat = "always"; }
