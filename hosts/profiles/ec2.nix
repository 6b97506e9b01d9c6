# A machine on EC2: boot, disks, metadata and clock as Amazon has them; leave this out for machines of your own.
{ modulesPath, ... }:
{
  imports = [ "${modulesPath}/virtualisation/amazon-image.nix" ];
}
