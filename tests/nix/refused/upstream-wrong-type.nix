# Refused by flake on dev-db-a1: A definition for option `services.redis.servers.channels.port' is not of type `16 bit unsigned integer
{ lib, ... }:
{
  services.redis.servers.channels.port = lib.mkForce 181010;
}
