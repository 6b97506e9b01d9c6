# The firewall, host names, kernel settings and files in /etc, as text.
{ lib, config, ... }:
let
  inherit (config.networking) firewall;
  rules = lib.filter (line: line != "") (lib.splitString "\n" firewall.extraInputRules);
  each = f: set: lib.concatStringsSep "" (lib.mapAttrsToList f set);
in
{
  config.system.build.rendered = {
    "hosts" = each (address: names: "${address} ${toString names}\n") config.networking.hosts;
    "sysctl.conf" = each (name: value: "${name} = ${toString value}\n") config.boot.kernel.sysctl;
  }
  // lib.mapAttrs' (
    name: file:
    lib.nameValuePair "etc/${name}" (
      if file.text != null then file.text else builtins.readFile file.source
    )
  ) config.environment.etc
  // lib.optionalAttrs firewall.enable {
    # What upstream lets in beside this, answers and pings, is in its own module.
    "firewall.nft" = ''
      table inet nixos-fw {
        chain input {
          type filter hook input priority filter; policy drop;
          iifname "lo" accept
          ct state established,related accept
      ${lib.concatMapStrings (rule: "    ${rule}\n") rules}  }
      }
    '';
  };
}
