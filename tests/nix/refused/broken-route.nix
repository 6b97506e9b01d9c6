# Refused by nginx on dev-api-a1: host not found in upstream "nobody"
{
  services.nginx.virtualHosts."tv.dev.funkturm.example".locations."/api/v1/nothing".proxyPass =
    "http://nobody";
}
