# From the hosts of a scenario, in the shape of hosts/inventory.nix, to the nodes of a VM test: each with the very modules that a
# machine of its role has, but EC2's. Beside them every scenario has a source of television and a client who watches.
#
# There are three networks: 1 between viewers and the api hosts, 2 within the fleet, 3 between the source and the ingest hosts. The
# test driver gives the n-th node in alphabetical order the address n in each, and interfaces eth1, eth2 in the order of its networks;
# the one by which others call a host comes first.
{
  lib,
  pkgs,
  nixosModules,
}:
scenario:
let
  others = scenario.others or [ ];
  names = lib.attrNames (
    scenario.hosts
    // lib.genAttrs (
      [
        "client"
        "source"
      ]
      ++ others
    ) (_: null)
  );
  numbers = lib.listToAttrs (lib.imap1 (n: name: lib.nameValuePair name n) names);
  address = network: name: "192.168.${toString network}.${toString numbers.${name}}";

  hosts = lib.mapAttrs (
    name: host:
    host
    // {
      zone = "here";
      address = address 2 name;
    }
  ) scenario.hosts;
  apiHosts = lib.filter (name: hosts.${name}.role == "api") (lib.attrNames hosts);

  networksOf = {
    ingest = [
      2
      3
    ];
    api = [
      2
      1
    ];
  };

  fleetHost = name: host: {
    imports = [
      nixosModules.default
      ../../../hosts/profiles/base.nix
      ./secrets.nix
      { funkturm.roles.${host.role}.enable = true; }
    ];

    virtualisation.vlans = networksOf.${host.role} or [ 2 ];
    virtualisation.memorySize = 2048;
    # For scripts that look from inside.
    environment.systemPackages = [ pkgs.postgresql ];

    funkturm.roles.ingest.sourceNetworks = [ "192.168.3.0/24" ];
    funkturm.fleet = {
      inherit name hosts;
      environment = "dev";
      network = "192.168.2.0/24";
      publicName = "tv.funkturm.test";
      openHouse = true;
      # Logos are not tried: nobody answers there.
      buckets.channels = {
        name = "logos";
        endpoint = "http://192.168.2.254:3900";
      };
    };
    # Small and quick: two seconds a segment, two minutes of them.
    funkturm.services = {
      ingest.settings.ingest = {
        interface = address 3 name;
        return_seconds = 3;
      };
      transcode.settings.transcode = {
        segment_seconds = 2;
        keyframe_seconds = 1;
      };
      origin.settings.origin = {
        window_seconds = 120;
        max_bytes = 268435456;
      };
    };
  };

  client = {
    virtualisation.vlans = [ 1 ];
    # One name for all of the api hosts, as a zone's record has them.
    networking.hosts = lib.genAttrs (map (address 1) apiHosts) (_: [ "tv.funkturm.test" ]);
    environment.systemPackages = [
      pkgs.curl
      pkgs.ffmpeg
      pkgs.python3
    ];
    environment.etc = {
      "funkturm-test/authority.pem".source = ./tls/authority.pem;
      "funkturm-test/viewer.py".source = ./viewer.py;
    };
  };

  # Two feeds of the same programme, by multicast.
  source = {
    virtualisation.vlans = [ 3 ];
    systemd.services = lib.mapAttrs' (
      name: group:
      lib.nameValuePair "television-${name}" {
        description = "Live television, to ${group}";
        wantedBy = [ "multi-user.target" ];
        serviceConfig = {
          ExecStart = lib.concatStringsSep " " [
            "${pkgs.ffmpeg}/bin/ffmpeg -hide_banner -loglevel warning"
            "-re -f lavfi -i testsrc2=size=320x180:rate=25 -f lavfi -i sine=frequency=440:sample_rate=48000"
            "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 25 -sc_threshold 0 -b:v 300k -threads 1"
            "-c:a aac -b:a 64k -ac 2"
            "-f mpegts udp://${group}:5000?localaddr=${address 3 "source"}&pkt_size=1316"
          ];
          Restart = "always";
        };
      }
    ) feeds;
  };
  feeds = {
    main = "239.1.1.1";
    spare = "239.1.1.2";
  };
in
lib.mapAttrs fleetHost hosts
// {
  inherit client source;
}
# Machines within the fleet's network that have no role in it.
// lib.genAttrs others (_: {
  virtualisation.vlans = [ 2 ];
  environment.systemPackages = [ pkgs.curl ];
})
