# The buckets: encrypted, closed to the public, reached over TLS only, and what was overwritten or deleted can be had back for a month.
{
  lib,
  fleet,
  isPrecious,
  ...
}:
let
  # Only those on AWS; a bucket with an endpoint is somebody else's.
  buckets = lib.filterAttrs (_: bucket: bucket.endpoint == null) fleet.buckets;
  versioned = lib.filterAttrs (_: bucket: bucket.versioned) buckets;
  bucketId = name: "\${aws_s3_bucket.${name}.id}";
  each = lib.mapAttrs;
in
{
  resource = {
    aws_s3_bucket = each (_: bucket: {
      bucket = bucket.name;
      force_destroy = !isPrecious;
    }) buckets;

    aws_s3_bucket_server_side_encryption_configuration = each (name: _: {
      bucket = bucketId name;
      rule.apply_server_side_encryption_by_default.sse_algorithm = "AES256";
    }) buckets;

    aws_s3_bucket_public_access_block = each (name: _: {
      bucket = bucketId name;
      block_public_acls = true;
      block_public_policy = true;
      ignore_public_acls = true;
      restrict_public_buckets = true;
    }) buckets;

    aws_s3_bucket_ownership_controls = each (name: _: {
      bucket = bucketId name;
      rule.object_ownership = "BucketOwnerEnforced";
    }) buckets;

    aws_s3_bucket_policy = each (name: _: {
      bucket = bucketId name;
      policy = lib.toJSON {
        Version = "2012-10-17";
        Statement = [
          {
            Sid = "OverTlsOnly";
            Effect = "Deny";
            Principal = "*";
            Action = "s3:*";
            Resource = [
              "\${aws_s3_bucket.${name}.arn}"
              "\${aws_s3_bucket.${name}.arn}/*"
            ];
            Condition.Bool."aws:SecureTransport" = "false";
          }
        ];
      };
    }) buckets;

    aws_s3_bucket_versioning = each (name: _: {
      bucket = bucketId name;
      versioning_configuration.status = "Enabled";
    }) versioned;

    aws_s3_bucket_lifecycle_configuration = each (name: _: {
      bucket = bucketId name;
      depends_on = [ "aws_s3_bucket_versioning.${name}" ];
      rule = {
        id = "old-versions";
        status = "Enabled";
        filter.prefix = "";
        noncurrent_version_expiration.noncurrent_days = 30;
        abort_incomplete_multipart_upload.days_after_initiation = 7;
      };
    }) versioned;
  };
}
