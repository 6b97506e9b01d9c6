# Refused by firewall on dev-api-a1: rr
{
  funkturm.firewall.doors.nobody = {
    port = 1;
    networks = [ "10.40.0.0/64" ];
  };
}
