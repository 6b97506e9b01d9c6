# The only list of machines. `nixosConfigurations`, host names inside the fleets, firewalls, Prometheus' targets and deployment follow
# from it.
#
# environment   dev, preview or production: hosts see only those of their own
# role          what the machine is for (docs/architecture.md)
# zone          where it stands
# address       its address in the fleet's private network
# size, disk    the EC2 instance type, and the size of its disk in GiB
# system        its architecture
# cluster, primary   of db hosts: whose stores it holds, and whether it takes the writes
let
  # As many hosts of a role as `count` in each of these zones. Addresses are 10.NETWORK.SUBNET.11 and on, a subnet for each role and zone.
  several =
    {
      environment,
      network,
      role,
      zones,
      size,
      disk ? 30,
      count ? 1,
      name ? role,
      subnet ? subnets.${role},
      cluster ? null,
      system ? "x86_64-linux",
    }:
    builtins.listToAttrs (
      builtins.concatMap (
        zone:
        builtins.genList (
          n:
          let
            isPrimary = cluster != null && zone == builtins.head zones && n == 0;
          in
          {
            name = "${environment}-${name}-${zone}${toString (n + 1)}";
            value = {
              inherit
                environment
                role
                disk
                size
                system
                cluster
                ;
              zone = "eu-central-1${zone}";
              address = "10.${toString network}.${toString (subnet + zoneNumbers.${zone})}.${toString (n + 11)}";
              primary = isPrimary;
            };
          }
        ) count
      ) zones
    );

  zoneNumbers = {
    a = 0;
    b = 1;
    c = 2;
  };
  subnets = {
    ingest = 10;
    transcode = 20;
    api = 30;
    db = 40;
    monitoring = 50;
  };

  three = [
    "a"
    "b"
    "c"
  ];

  dev =
    hosts:
    several (
      {
        environment = "dev";
        network = 40;
        zones = [ "a" ];
        size = "c7i.large";
      }
      // hosts
    );
  preview =
    hosts:
    several (
      {
        environment = "preview";
        network = 41;
        zones = [
          "a"
          "b"
        ];
      }
      // hosts
    );
  production =
    hosts:
    several (
      {
        environment = "production";
        network = 42;
        zones = three;
      }
      // hosts
    );
in
# One machine of each role.
dev { role = "ingest"; }
// dev {
  role = "transcode";
  size = "c7i.2xlarge";
}
// dev {
  role = "api";
  disk = 60;
}
// dev {
  role = "db";
  cluster = "main";
  size = "m7i.large";
  disk = 60;
}
// dev {
  role = "monitoring";
  disk = 60;
}

# Two of each in two zones: what is released to production has failed over here before.
// preview {
  role = "ingest";
  size = "c7i.xlarge";
}
// preview {
  role = "transcode";
  size = "c7i.4xlarge";
}
// preview {
  role = "api";
  size = "m7i.xlarge";
  disk = 60;
}
// preview {
  role = "db";
  cluster = "main";
  size = "m7i.xlarge";
  disk = 100;
}
// preview {
  role = "monitoring";
  zones = [ "a" ];
  size = "m7i.large";
  disk = 100;
}

# The evening's peak with a zone away.
// production {
  role = "ingest";
  count = 3;
  size = "c7in.2xlarge";
}
// production {
  role = "transcode";
  count = 9;
  size = "c7i.8xlarge";
}
// production {
  role = "api";
  count = 6;
  size = "m7i.4xlarge";
  disk = 150;
}
// production {
  role = "db";
  name = "db-lineup";
  cluster = "lineup";
  size = "m7i.2xlarge";
  disk = 200;
}
# Redis alone: what is in there makes itself anew (sessions by heartbeats, leases by the transcoders), so a lost one is only replaced.
// production {
  role = "db";
  name = "db-sessions";
  subnet = 60;
  zones = [ "a" ];
  cluster = "sessions";
  size = "r7i.xlarge";
}
// production {
  role = "db";
  name = "db-leases";
  subnet = 70;
  zones = [ "b" ];
  cluster = "leases";
  size = "r7i.large";
}
// production {
  role = "monitoring";
  zones = [
    "a"
    "b"
  ];
  size = "r7i.xlarge";
  disk = 200;
}
