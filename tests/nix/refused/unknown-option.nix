# Refused by flake on dev-api-a1: The option `services.nginx.enabel' does not exist
{ services.nginx.enabel = true; }
