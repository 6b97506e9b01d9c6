# An instance for each host of the inventory, with its address. What is on it, deployment decides (nix/deploy); Terraform only sees to it
# that it is there.
{
  lib,
  environment,
  groupOf,
  isPrecious,
  machines,
  ...
}:
{
  # Images by role, as `nix build .#image-ROLE` makes them and `aws ec2 import-snapshot` takes them: docs/operations.md.
  variable.images = {
    type = "map(string)";
    description = "The AMI of each role";
  };

  resource.aws_instance = lib.mapAttrs (
    name: machine:
    let
      group = groupOf machine;
    in
    {
      ami = "\${var.images[\"${machine.role}\"]}";
      instance_type = machine.size;
      subnet_id = "\${aws_subnet.${lib.head (lib.match "${environment}-(.*-[a-z])[0-9]+" name)}.id}";
      private_ip = machine.address;
      vpc_security_group_ids = [ "\${aws_security_group.${group}.id}" ];
      iam_instance_profile = "\${aws_iam_instance_profile.${group}.name}";
      disable_api_termination = isPrecious && machine.role == "db";
      # A service that is tricked into fetching an address must not get at the machine's keys.
      metadata_options = {
        http_endpoint = "enabled";
        http_tokens = "required";
        http_put_response_hop_limit = 1;
      };
      root_block_device = {
        volume_type = "gp3";
        volume_size = machine.disk;
        encrypted = true;
      };
      tags = {
        Name = name;
        Role = machine.role;
      }
      // lib.optionalAttrs (machine.cluster != null) { Cluster = machine.cluster; };
      # A newer image is for new machines; the others are deployed.
      lifecycle.ignore_changes = [ "ami" ];
    }
  ) machines;
}
