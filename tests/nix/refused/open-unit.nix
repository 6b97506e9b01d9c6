# Refused by hardening on dev-api-a1: funkturm-web.service is exposed
{
  systemd.services.funkturm-web.serviceConfig = {
    ProtectSystem = false;
    RestrictNamespaces = false;
    SystemCallFilter = [ ];
  };
}
