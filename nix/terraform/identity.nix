# Who may do what at AWS: a role for each group of hosts, which can do nothing but what is said here; for each service with a bucket a
# user whose key opens that bucket. Nobody can do anything in another region.
{
  lib,
  environment,
  fleet,
  groups,
  oneOf,
  ...
}:
let
  policy =
    statements:
    lib.toJSON {
      Version = "2012-10-17";
      Statement = statements;
    };
  allow = actions: resources: {
    Effect = "Allow";
    Action = actions;
    Resource = resources;
  };

  inThisRegionOnly = {
    Sid = "InThisRegionOnly";
    Effect = "Deny";
    Action = "*";
    Resource = "*";
    Condition.StringNotEquals."aws:RequestedRegion" = fleet.allowedRegion;
  };

  # Its cluster's part of the backups. A replica may be the primary tomorrow, so it can write too.
  backups =
    group:
    let
      host = oneOf group;
      bucket = "\${aws_s3_bucket.backups.arn}";
      path = "${environment}/${toString host.cluster}";
    in
    lib.optionals (host.funkturm.stores.postgresql.enable && fleet.buckets ? backups) [
      (
        allow [ "s3:ListBucket" ] [ bucket ]
        // {
          Condition.StringLike."s3:prefix" = [ "${path}/*" ];
        }
      )
      (allow [ "s3:GetObject" "s3:PutObject" "s3:DeleteObject" ] [ "${bucket}/${path}/*" ])
    ];

  services = lib.filterAttrs (
    name: bucket: name != "backups" && bucket.endpoint == null
  ) fleet.buckets;
in
{
  resource = {
    aws_iam_role = lib.mapAttrs (group: _: {
      name = "${environment}-${group}";
      assume_role_policy = policy [
        {
          Effect = "Allow";
          Action = "sts:AssumeRole";
          Principal.Service = "ec2.amazonaws.com";
        }
      ];
    }) groups;
    aws_iam_instance_profile = lib.mapAttrs (group: _: {
      name = "${environment}-${group}";
      role = "\${aws_iam_role.${group}.name}";
    }) groups;
    aws_iam_role_policy = lib.mapAttrs (group: _: {
      name = "what-it-needs";
      role = "\${aws_iam_role.${group}.id}";
      policy = policy (backups group ++ [ inThisRegionOnly ]);
    }) groups;

    # Their keys are made by hand and become secrets of the hosts: Terraform would keep them in its state, to be read there.
    aws_iam_user = lib.mapAttrs (name: _: { name = "${environment}-${name}"; }) services;
    aws_iam_user_policy = lib.mapAttrs (name: _: {
      name = "its-bucket";
      user = "\${aws_iam_user.${name}.name}";
      policy = policy [
        (allow [ "s3:ListBucket" ] [ "\${aws_s3_bucket.${name}.arn}" ])
        (allow [ "s3:GetObject" "s3:PutObject" "s3:DeleteObject" ] [ "\${aws_s3_bucket.${name}.arn}/*" ])
        inThisRegionOnly
      ];
    }) services;
  };
}
