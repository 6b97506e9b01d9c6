# Units, as text. What upstream's own modules would add to them is not known here.
{ lib, config, ... }:
let
  setting =
    name: value:
    if lib.isList value then
      lib.concatMapStrings (setting name) value
    else if value == null then
      ""
    else
      "${name}=${if lib.isBool value then lib.boolToString value else toString value}\n";
  section =
    title: settings: "[${title}]\n${lib.concatStringsSep "" (lib.mapAttrsToList setting settings)}";

  # An option of the unit, and its key where it is set.
  keys =
    names: unit:
    lib.concatMapAttrs (
      option: key:
      let
        value = unit.${option} or null;
      in
      lib.optionalAttrs (value != null && value != [ ] && value != "") {
        ${key} = if lib.isList value then toString value else value;
      }
    ) names;

  unitSection =
    unit:
    section "Unit" (
      keys {
        description = "Description";
        after = "After";
        before = "Before";
        requires = "Requires";
        wants = "Wants";
        startLimitIntervalSec = "StartLimitIntervalSec";
      } unit
      // unit.unitConfig or { }
    );

  environment =
    service:
    service.environment
    // lib.optionalAttrs (service.path != [ ]) { PATH = lib.makeBinPath service.path; };
  serviceSection =
    service:
    section "Service" (
      service.serviceConfig
      // {
        Environment = lib.mapAttrsToList (name: value: lib.toJSON "${name}=${value}") (environment service);
      }
    );

  installSection =
    unit:
    let
      by = keys {
        wantedBy = "WantedBy";
        requiredBy = "RequiredBy";
      } unit;
    in
    lib.optionalString (by != { }) "\n${section "Install" by}";

  # A unit without a command is one of upstream's, to which we add something.
  render =
    kind: body:
    lib.mapAttrs' (
      name: unit:
      lib.nameValuePair (
        if unit.serviceConfig.ExecStart or null != null then
          "units/${name}.${kind}"
        else
          "units/${name}.${kind}.d/funkturm.conf"
      ) "${unitSection unit}${body unit}${installSection unit}"
    );
in
{
  config.system.build.rendered =
    render "service" (service: "\n${serviceSection service}") (
      lib.filterAttrs (_: service: service.enable) config.systemd.services
    )
    // render "target" (_: "") config.systemd.targets
    // lib.mapAttrs' (
      name: timer:
      lib.nameValuePair "units/${name}.timer" "${unitSection timer}\n${section "Timer" timer.timerConfig}${installSection timer}"
    ) config.systemd.timers
    // lib.optionalAttrs (config.systemd.tmpfiles.rules != [ ]) {
      "tmpfiles.conf" = lib.concatLines config.systemd.tmpfiles.rules;
    };
}
