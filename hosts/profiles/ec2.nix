# A machine on EC2: boot, disks and metadata as Amazon has them; leave this out for machines of your own.
{ modulesPath, ... }:
{
  imports = [ "${modulesPath}/virtualisation/amazon-image.nix" ];

  # The hypervisor's clock, which does not need the network.
  networking.timeServers = [ "169.254.169.123" ];
}
