# A security group for each group of hosts, with the doors of the hosts' own firewall: what one refuses, the other refuses too.
{
  lib,
  environment,
  groups,
  machines,
  oneOf,
  ...
}:
let
  groupsOfRole = role: lib.filter (group: (oneOf group).role == role) (lib.attrNames groups);
  asBlock = network: if lib.hasInfix "/" network then network else "${network}/32";
  plain = lib.replaceStrings [ "." "/" ] [ "-" "-" ];

  doorsOf =
    group:
    let
      ofHost = name: machines.${name}.funkturm.firewall.doors;
      doors = ofHost (lib.head groups.${group});
    in
    if lib.all (name: ofHost name == doors) groups.${group} then
      doors
    else
      throw "hosts of the group ${group} open different doors, so they cannot share a security group";

  rule = group: door: name: from: {
    "${group}-${name}-from-${from.name}" = {
      security_group_id = "\${aws_security_group.${group}.id}";
      description = name;
    }
    // door
    // removeAttrs from [ "name" ];
  };
  fromRole =
    role:
    map (other: {
      name = other;
      referenced_security_group_id = "\${aws_security_group.${other}.id}";
    }) (groupsOfRole role);
  fromNetwork = network: {
    name = plain network;
    cidr_ipv4 = asBlock network;
  };

  ofDoor =
    group: name: door:
    lib.mergeAttrsList (
      map
        (rule group {
          ip_protocol = door.protocol;
          from_port = door.port;
          to_port = door.port;
        } name)
        (lib.concatMap fromRole (lib.unique door.roles) ++ map fromNetwork (lib.unique door.networks))
    );

  # Sources send to any UDP port of ingest hosts, and multicast routers ask who listens (nixos-modules/roles/ingest.nix).
  ofSources =
    group:
    let
      host = oneOf group;
    in
    lib.optionalAttrs (host.role == "ingest") (
      lib.concatMapAttrs (_: rules: rules) (
        lib.genAttrs host.funkturm.roles.ingest.sourceNetworks (
          network:
          rule group {
            ip_protocol = "udp";
            from_port = 0;
            to_port = 65535;
          } "sources" (fromNetwork network)
        )
      )
      // lib.optionalAttrs (host.funkturm.roles.ingest.sourceNetworks != [ ]) (
        rule group { ip_protocol = "2"; } "igmp" (fromNetwork "0.0.0.0/0")
      )
    );
in
{
  resource = {
    aws_security_group = lib.mapAttrs (group: _: {
      name = "${environment}-${group}";
      description = "Funkturm ${environment}: hosts of the group ${group}";
      vpc_id = "\${aws_vpc.fleet.id}";
      tags.Name = "${environment}-${group}";
    }) groups;

    aws_vpc_security_group_ingress_rule = lib.concatMapAttrs (
      group: _: lib.concatMapAttrs (ofDoor group) (doorsOf group) // ofSources group
    ) groups;

    # Whom a service may talk to, its unit says (IPAddressAllow).
    aws_vpc_security_group_egress_rule = lib.mapAttrs (group: _: {
      security_group_id = "\${aws_security_group.${group}.id}";
      description = "to the world";
      ip_protocol = "-1";
      cidr_ipv4 = "0.0.0.0/0";
    }) groups;
  };
}
