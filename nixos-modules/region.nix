# Everything is stored and processed in one region. Whatever names another one is refused here, before anything is built; the services
# refuse it once more when they start.
{ lib, config, ... }:
let
  inherit (config.funkturm) fleet;
  allowed = fleet.allowedRegion;

  isPrivate =
    host:
    lib.match "(10|127|192\\.168|172\\.(1[6-9]|2[0-9]|3[01]))\\..*" host != null
    || lib.hasSuffix ".${fleet.domain}" host;
  # An endpoint is AWS' in the allowed region, or a machine of our own.
  endpointIsAllowed =
    endpoint:
    let
      host = lib.elemAt (lib.match "(https?://)?([^/:]+)(.*)" endpoint) 1;
    in
    lib.hasSuffix ".${allowed}.amazonaws.com" host || isPrivate host;

  refuse =
    ok: what:
    lib.optional (!ok) {
      assertion = false;
      message = "${what}, but data may only be in ${allowed} (funkturm.fleet.allowedRegion).";
    };

  # A zone that is not called like one of AWS' is a place of our own.
  zoneIsAllowed =
    zone:
    lib.match "${allowed}[a-z]" zone != null || lib.match "[a-z]+-[a-z-]+-[0-9]+[a-z]?" zone == null;
  zones = lib.mapAttrsToList (
    name: host: refuse (zoneIsAllowed host.zone) "The host ${name} is in the zone ${host.zone}"
  ) fleet.hosts;

  buckets = lib.mapAttrsToList (
    name: bucket:
    refuse (
      bucket.region == allowed || bucket.endpoint != null && !lib.hasInfix "amazonaws.com" bucket.endpoint
    ) "The bucket ${bucket.name} (funkturm.fleet.buckets.${name}) is in the region ${bucket.region}"
    ++
      refuse (bucket.endpoint == null || endpointIsAllowed bucket.endpoint)
        "The bucket ${bucket.name} (funkturm.fleet.buckets.${name}) has the endpoint ${toString bucket.endpoint}"
  ) fleet.buckets;

  # AWS' mail servers have their region in their name.
  mail =
    let
      inherit (fleet) mail;
      host = lib.toLower mail.host;
      ofAws = lib.hasSuffix "amazonaws.com" host || lib.hasSuffix "awsapps.com" host;
    in
    lib.optionals (mail != null) (
      refuse (
        !ofAws || lib.elem allowed (lib.splitString "." host)
      ) "The mail server (funkturm.fleet.mail) is ${mail.host}"
    );

  # What a host's own settings say instead of the fleet's.
  known = lib.mapAttrsToList (_: bucket: bucket.name) fleet.buckets;
  settings = lib.mapAttrsToList (
    name: service:
    let
      s3 = service.settings.${name}.objects.s3 or null;
      where = "funkturm.services.${name}.settings.${name}.objects.s3";
    in
    lib.optionals (service.enable && s3 != null) (
      refuse (lib.elem s3.bucket known) "${where} names the bucket ${s3.bucket}, which is not one of funkturm.fleet.buckets"
      ++ refuse (
        (s3.region or allowed) == allowed || s3 ? endpoint && !lib.hasInfix "amazonaws.com" s3.endpoint
      ) "${where} names the region ${s3.region or allowed}"
      ++ refuse (
        !(s3 ? endpoint) || endpointIsAllowed s3.endpoint
      ) "${where} names the endpoint ${s3.endpoint or ""}"
    )
  ) config.funkturm.services;
in
{
  assertions = lib.concatLists (zones ++ buckets ++ [ mail ] ++ settings);
}
