# For a service that talks to nobody outside of the fleet and listens nowhere but on its two ports.
{ fleet, config }:
name:
let
  row = fleet.catalogue.services.${name};
in
{
  IPAddressDeny = "any";
  IPAddressAllow = [
    "localhost"
    config.funkturm.fleet.network
  ];
  SocketBindDeny = "any";
  SocketBindAllow = [
    "tcp:${toString row.port}"
    "tcp:${toString row.admin}"
  ];
}
