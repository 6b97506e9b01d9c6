# Values as TOML text.
{ lib }:
let
  key = name: if lib.match "[A-Za-z0-9_-]+" name == null then lib.toJSON name else name;
  value =
    v:
    if lib.isAttrs v then
      "{ ${
        lib.concatStringsSep ", " (lib.mapAttrsToList (name: inner: "${key name} = ${value inner}") v)
      } }"
    else if lib.isList v then
      "[${lib.concatMapStringsSep ", " value v}]"
    else
      # JSON's strings, numbers and booleans are TOML's.
      lib.toJSON v;
  table =
    path: set:
    let
      tables = lib.filterAttrs (_: lib.isAttrs) set;
      values = lib.filterAttrs (_: v: !lib.isAttrs v) set;
    in
    lib.optionalString (path != [ ] && (values != { } || tables == { }))
      "\n[${lib.concatMapStringsSep "." key path}]\n"
    + lib.concatStringsSep "" (lib.mapAttrsToList (name: v: "${key name} = ${value v}\n") values)
    + lib.concatStringsSep "" (lib.mapAttrsToList (name: table (path ++ [ name ])) tables);
in
table [ ]
