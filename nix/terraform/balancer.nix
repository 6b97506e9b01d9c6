# The load balancer before the api hosts. It passes connections on as they are: TLS ends at nginx, which also sees the viewers' addresses.
{
  lib,
  environment,
  groups,
  isPrecious,
  zones,
  zoneLetter,
  ...
}:
let
  ports = {
    http = 80;
    https = 443;
  };
in
{
  resource = {
    aws_lb.api = {
      name = "funkturm-${environment}-api";
      load_balancer_type = "network";
      internal = false;
      subnets = map (zone: "\${aws_subnet.public-${zoneLetter zone}.id}") zones;
      # A zone with a lost host gets no less than the others.
      enable_cross_zone_load_balancing = true;
      enable_deletion_protection = isPrecious;
    };

    aws_lb_target_group = lib.mapAttrs (name: port: {
      name = "funkturm-${environment}-${name}";
      inherit port;
      protocol = "TCP";
      vpc_id = "\${aws_vpc.fleet.id}";
      # As long as a service takes to end in peace.
      deregistration_delay = "30";
      # nginx answers with the readiness of the services behind it.
      health_check = {
        protocol = "HTTPS";
        port = "443";
        path = "/readyz";
        matcher = "200";
        interval = 5;
        timeout = 3;
        healthy_threshold = 2;
        unhealthy_threshold = 2;
      };
    }) ports;

    aws_lb_listener = lib.mapAttrs (name: port: {
      load_balancer_arn = "\${aws_lb.api.arn}";
      inherit port;
      protocol = "TCP";
      default_action = {
        type = "forward";
        target_group_arn = "\${aws_lb_target_group.${name}.arn}";
      };
    }) ports;

    aws_lb_target_group_attachment = lib.concatMapAttrs (
      name: _:
      lib.listToAttrs (
        map (
          host:
          lib.nameValuePair "${host}-${name}" {
            target_group_arn = "\${aws_lb_target_group.${name}.arn}";
            target_id = "\${aws_instance.${host}.id}";
          }
        ) groups.api
      )
    ) ports;
  };

  output.public_name = {
    description = "What the public name is an alias of";
    value = "\${aws_lb.api.dns_name}";
  };
}
