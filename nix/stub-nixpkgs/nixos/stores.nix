# What the stores' own modules would write: their configuration files, as far as we decide what is in them.
{
  lib,
  config,
  ...
}:
let
  inherit (config.services) postgresql redis;
  each = f: set: lib.concatStringsSep "" (lib.mapAttrsToList f set);
  quoted =
    value:
    if lib.isBool value then
      (if value then "on" else "off")
    else if lib.isString value then
      "'${lib.replaceStrings [ "'" ] [ "''" ] value}'"
    else
      toString value;
in
{
  config.system.build.rendered =
    lib.optionalAttrs postgresql.enable {
      "postgresql/postgresql.conf" = each (
        name: value: "${name} = ${quoted value}\n"
      ) postgresql.settings;
      "postgresql/pg_hba.conf" = postgresql.authentication;
      "postgresql/databases" = lib.concatLines postgresql.ensureDatabases;
      "postgresql/roles" = lib.concatMapStrings (
        user: "${user.name} ${lib.toJSON (lib.filterAttrs (_: value: value != null) user.ensureClauses)}\n"
      ) postgresql.ensureUsers;
    }
    // lib.mapAttrs' (
      name: server:
      lib.nameValuePair "redis/${name}.conf" ''
        port ${toString server.port}
        bind ${server.bind}
        appendonly ${if server.appendOnly then "yes" else "no"}
        # password from ${toString server.requirePassFile}
        ${each (key: value: "${key} ${toString value}\n") server.settings}''
    ) redis.servers;
}
