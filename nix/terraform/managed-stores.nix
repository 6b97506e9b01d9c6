# With `funkturm.fleet.managedStores`: RDS and ElastiCache in the place of db hosts, an instance for each service, under the names that
# the services know (nixos-modules/lib/fleet.nix). Only hosts of the service's role reach it.
{
  lib,
  catalogue,
  environment,
  fleet,
  groups,
  isPrecious,
  networkPrefix,
  oneOf,
  region,
  ...
}:
let
  postgresql = catalogue.withStore "postgresql";
  redis = catalogue.withStore "redis";
  stores =
    lib.mapAttrs' (name: row: lib.nameValuePair "${name}-postgresql" (row // { at = 5432; })) postgresql
    // lib.mapAttrs' (
      name: row: lib.nameValuePair "${name}-redis" (row // { at = catalogue.redisPort row; })
    ) redis;
  callersOf = row: lib.filter (group: (oneOf group).role == row.role) (lib.attrNames groups);

  # RDS wants subnets in two zones at least, wherever the hosts are.
  zones = {
    a = 240;
    b = 241;
    c = 242;
  };
  subnetIds = lib.mapAttrsToList (letter: _: "\${aws_subnet.stores-${letter}.id}") zones;
in
{
  variable.store_passwords = {
    type = "map(string)";
    description = "The password of each service's PostgreSQL, the same as in its host's secrets";
    sensitive = true;
    # In no state and in no plan.
    ephemeral = true;
  };

  resource = {
    aws_subnet = lib.mapAttrs' (
      letter: subnet:
      lib.nameValuePair "stores-${letter}" {
        vpc_id = "\${aws_vpc.fleet.id}";
        cidr_block = "${networkPrefix}.${toString subnet}.0/24";
        availability_zone = "${region}${letter}";
        tags.Name = "${environment}-stores-${letter}";
      }
    ) zones;

    aws_security_group = lib.mapAttrs (store: _: {
      name = "${environment}-${store}";
      description = "Funkturm ${environment}: ${store}";
      vpc_id = "\${aws_vpc.fleet.id}";
    }) stores;
    aws_vpc_security_group_ingress_rule = lib.concatMapAttrs (
      store: row:
      lib.listToAttrs (
        map (
          group:
          lib.nameValuePair "${store}-from-${group}" {
            security_group_id = "\${aws_security_group.${store}.id}";
            referenced_security_group_id = "\${aws_security_group.${group}.id}";
            description = store;
            ip_protocol = "tcp";
            from_port = row.at;
            to_port = row.at;
          }
        ) (callersOf row)
      )
    ) stores;

    aws_db_subnet_group.stores = {
      name = "funkturm-${environment}";
      subnet_ids = subnetIds;
    };
    aws_db_instance = lib.mapAttrs (name: _: {
      identifier = "funkturm-${environment}-${name}";
      engine = "postgres";
      engine_version = "17";
      instance_class = if isPrecious then "db.m7g.large" else "db.t4g.small";
      allocated_storage = 50;
      max_allocated_storage = 500;
      storage_type = "gp3";
      storage_encrypted = true;
      multi_az = isPrecious;
      db_name = name;
      username = name;
      password_wo = "\${var.store_passwords[\"${name}\"]}";
      password_wo_version = 1;
      db_subnet_group_name = "\${aws_db_subnet_group.stores.name}";
      vpc_security_group_ids = [ "\${aws_security_group.${name}-postgresql.id}" ];
      publicly_accessible = false;
      backup_retention_period = 14;
      copy_tags_to_snapshot = true;
      deletion_protection = isPrecious;
      skip_final_snapshot = !isPrecious;
      final_snapshot_identifier = "funkturm-${environment}-${name}-last";
    }) postgresql;

    aws_elasticache_subnet_group.stores = {
      name = "funkturm-${environment}";
      subnet_ids = subnetIds;
    };
    aws_elasticache_parameter_group.stores = {
      name = "funkturm-${environment}";
      family = "redis7";
      # As ours (nixos-modules/stores/redis.nix).
      parameter = {
        name = "maxmemory-policy";
        value = "noeviction";
      };
    };
    # Without a password, which ElastiCache gives only with TLS, and our Redis client has none: who may reach it decides.
    aws_elasticache_replication_group = lib.mapAttrs (name: row: {
      replication_group_id = "funkturm-${environment}-${name}";
      description = "Funkturm ${environment}: the Redis of ${name}";
      engine = "redis";
      engine_version = "7.1";
      node_type = if isPrecious then "cache.m7g.large" else "cache.t4g.small";
      port = catalogue.redisPort row;
      num_cache_clusters = if isPrecious then 2 else 1;
      automatic_failover_enabled = isPrecious;
      multi_az_enabled = isPrecious;
      at_rest_encryption_enabled = "true";
      parameter_group_name = "\${aws_elasticache_parameter_group.stores.name}";
      subnet_group_name = "\${aws_elasticache_subnet_group.stores.name}";
      security_group_ids = [ "\${aws_security_group.${name}-redis.id}" ];
    }) redis;

    # Names of our own, so that hosts can be built before the stores are there.
    aws_route53_zone.stores = {
      name = "stores.${fleet.domain}";
      vpc.vpc_id = "\${aws_vpc.fleet.id}";
    };
    aws_route53_record =
      let
        record = store: target: {
          zone_id = "\${aws_route53_zone.stores.zone_id}";
          name = store;
          type = "CNAME";
          ttl = 5;
          records = [ target ];
        };
      in
      lib.mapAttrs' (
        name: _:
        lib.nameValuePair "${name}-postgresql" (
          record "${name}-postgresql" "\${aws_db_instance.${name}.address}"
        )
      ) postgresql
      // lib.mapAttrs' (
        name: _:
        lib.nameValuePair "${name}-redis" (
          record "${name}-redis" "\${aws_elasticache_replication_group.${name}.primary_endpoint_address}"
        )
      ) redis;
  };
}
