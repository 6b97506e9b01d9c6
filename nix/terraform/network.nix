# The fleet's network: a VPC, a public subnet in each zone for what faces the world (load balancer, NAT), and for hosts the subnets that
# the inventory's addresses are in. S3 is reached without leaving AWS' network.
{
  lib,
  environment,
  fleet,
  machines,
  networkPrefix,
  zones,
  zoneLetter,
  ...
}:
let
  named = name: { Name = "${environment}-${name}"; };

  # 10.42.30.11 stands in 10.42.30.0/24, with others of its role and zone: production-api-a1 in `api-a`.
  subnetOf = name: lib.head (lib.match "${environment}-(.*-[a-z])[0-9]+" name);
  hostSubnets = lib.mapAttrs' (
    name: machine:
    lib.nameValuePair (subnetOf name) {
      inherit (machine) zone;
      block = "${lib.concatStringsSep "." (lib.init (lib.splitString "." machine.address))}.0/24";
    }
  ) machines;

  ofZones = f: lib.listToAttrs (lib.imap0 (place: zone: f place zone (zoneLetter zone)) zones);
in
{
  resource = {
    aws_vpc.fleet = {
      cidr_block = fleet.network;
      enable_dns_support = true;
      enable_dns_hostnames = true;
      tags = named "fleet";
    };
    # What names no security group of its own gets one that lets nothing through.
    aws_default_security_group.closed.vpc_id = "\${aws_vpc.fleet.id}";
    aws_internet_gateway.fleet = {
      vpc_id = "\${aws_vpc.fleet.id}";
      tags = named "fleet";
    };

    aws_subnet =
      ofZones (
        place: zone: letter:
        lib.nameValuePair "public-${letter}" {
          vpc_id = "\${aws_vpc.fleet.id}";
          cidr_block = "${networkPrefix}.${toString place}.0/24";
          availability_zone = zone;
          tags = named "public-${letter}";
        }
      )
      // lib.mapAttrs (name: subnet: {
        vpc_id = "\${aws_vpc.fleet.id}";
        cidr_block = subnet.block;
        availability_zone = subnet.zone;
        tags = named name;
      }) hostSubnets;

    aws_eip = ofZones (
      _: _: letter:
      lib.nameValuePair "nat-${letter}" {
        domain = "vpc";
        tags = named "nat-${letter}";
      }
    );
    # One in each zone: no zone needs another to reach the world.
    aws_nat_gateway = ofZones (
      _: _: letter:
      lib.nameValuePair letter {
        depends_on = [ "aws_internet_gateway.fleet" ];
        allocation_id = "\${aws_eip.nat-${letter}.id}";
        subnet_id = "\${aws_subnet.public-${letter}.id}";
        tags = named letter;
      }
    );

    aws_route_table = {
      public = {
        vpc_id = "\${aws_vpc.fleet.id}";
        tags = named "public";
      };
    }
    // ofZones (
      _: _: letter:
      lib.nameValuePair "hosts-${letter}" {
        vpc_id = "\${aws_vpc.fleet.id}";
        tags = named "hosts-${letter}";
      }
    );
    aws_route = {
      public = {
        route_table_id = "\${aws_route_table.public.id}";
        destination_cidr_block = "0.0.0.0/0";
        gateway_id = "\${aws_internet_gateway.fleet.id}";
      };
    }
    // ofZones (
      _: _: letter:
      lib.nameValuePair "hosts-${letter}" {
        route_table_id = "\${aws_route_table.hosts-${letter}.id}";
        destination_cidr_block = "0.0.0.0/0";
        nat_gateway_id = "\${aws_nat_gateway.${letter}.id}";
      }
    );
    aws_route_table_association =
      ofZones (
        _: _: letter:
        lib.nameValuePair "public-${letter}" {
          route_table_id = "\${aws_route_table.public.id}";
          subnet_id = "\${aws_subnet.public-${letter}.id}";
        }
      )
      // lib.mapAttrs (name: subnet: {
        route_table_id = "\${aws_route_table.hosts-${zoneLetter subnet.zone}.id}";
        subnet_id = "\${aws_subnet.${name}.id}";
      }) hostSubnets;

    aws_vpc_endpoint.s3 = {
      vpc_id = "\${aws_vpc.fleet.id}";
      service_name = "com.amazonaws.${fleet.allowedRegion}.s3";
      vpc_endpoint_type = "Gateway";
      route_table_ids = map (zone: "\${aws_route_table.hosts-${zoneLetter zone}.id}") zones;
      tags = named "s3";
    };
  };
}
