# Refused by flake on dev-api-a1: The option `funkturm.services.chanels' does not exist
{ funkturm.services.chanels.enable = true; }
