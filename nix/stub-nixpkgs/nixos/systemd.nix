# Units, the firewall and the files under /etc, as text.
{ lib, config, ... }:
let
  dependencies = {
    after = "After";
    before = "Before";
    bindsTo = "BindsTo";
    conflicts = "Conflicts";
    onFailure = "OnFailure";
    partOf = "PartOf";
    requires = "Requires";
    wants = "Wants";
  };

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

  unitSection =
    unit:
    section "Unit" (
      lib.optionalAttrs (unit.description or "" != "") { Description = unit.description; }
      // lib.concatMapAttrs (
        option: name:
        lib.optionalAttrs (unit.${option} or [ ] != [ ]) { ${name} = toString unit.${option}; }
      ) dependencies
      // lib.optionalAttrs (unit.startLimitIntervalSec or null != null) {
        StartLimitIntervalSec = unit.startLimitIntervalSec;
      }
      // unit.unitConfig or { }
    );

  environment =
    service:
    service.environment
    // lib.optionalAttrs (service.path != [ ]) {
      PATH = lib.concatMapStringsSep ":" (package: "${package}/bin") service.path;
    };
  serviceSection =
    service:
    section "Service" service.serviceConfig
    + lib.concatStringsSep "" (
      lib.mapAttrsToList (
        name: value: lib.optionalString (value != null) "Environment=${lib.toJSON "${name}=${value}"}\n"
      ) (environment service)
    );

  installSection =
    unit:
    let
      by = lib.filterAttrs (_: units: units != [ ]) {
        WantedBy = unit.wantedBy or [ ];
        RequiredBy = unit.requiredBy or [ ];
      };
    in
    lib.optionalString (by != { }) ("\n" + section "Install" (lib.mapAttrs (_: toString) by));

  # A service without a command is one of upstream's that we add to.
  fileName =
    kind: name: unit:
    if kind == "service" && !(unit.serviceConfig ? ExecStart) || kind == "target" then
      "units/${name}.${kind}.d/funkturm.conf"
    else
      "units/${name}.${kind}";
  render =
    kind: body:
    lib.mapAttrs' (
      name: unit:
      lib.nameValuePair (fileName kind name
        unit
      ) "${unitSection unit}\n${body unit}${installSection unit}"
    );

  firewall = config.networking.firewall;
  indented =
    text:
    lib.concatMapStrings (line: "    ${line}\n") (
      lib.filter (line: line != "") (lib.splitString "\n" text)
    );
  ports =
    protocol: list:
    lib.optionalString (list != [ ])
      "    ${protocol} dport { ${lib.concatMapStringsSep ", " toString list} } accept\n";
in
{
  config.system.build.rendered =
    render "service" serviceSection (
      lib.filterAttrs (_: service: service.enable) config.systemd.services
    )
    // render "target" (_: "") config.systemd.targets
    // lib.mapAttrs' (
      name: file:
      lib.nameValuePair "etc/${name}" (
        if file.text != null then file.text else builtins.readFile file.source
      )
    ) config.environment.etc
    // lib.optionalAttrs firewall.enable {
      "firewall.nft" = ''
        table inet nixos-fw {
          chain input {
            type filter hook input priority filter; policy drop;
            iifname "lo" accept
            ct state established,related accept
        ${ports "tcp" firewall.allowedTCPPorts}${ports "udp" firewall.allowedUDPPorts}${indented firewall.extraInputRules}  }
        }
      '';
    }
    // {
      "etc/hosts" = lib.concatStringsSep "" (
        lib.mapAttrsToList (address: names: "${address} ${toString names}\n") config.networking.hosts
      );
      "etc/sysctl.conf" = lib.concatStringsSep "" (
        lib.mapAttrsToList (name: value: "${name} = ${toString value}\n") config.boot.kernel.sysctl
      );
    };
}
