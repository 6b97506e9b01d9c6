# The options that NixOS itself declares, as far as we set them: made from nix/upstream-options.txt, so that a path outside of that
# list does not exist here either.
#
# A line is `path  type  default`, two spaces or more apart; `-` or nothing is no default, others are JSON. `<name>` in a path is any
# attribute, `*` any element of a list.
{ lib }:
let
  inherit (lib) types;

  lines = lib.filter (line: line != "" && lib.match "[#[].*" line == null) (
    lib.splitString "\n" (builtins.readFile ../../upstream-options.txt)
  );

  parse =
    line:
    let
      cells = lib.filter (cell: lib.isString cell && cell != "") (builtins.split "  +" line);
      cell = place: if lib.length cells > place then lib.elemAt cells place else "-";
    in
    {
      path = lib.splitString "." (cell 0);
      option = lib.mkOption (
        {
          type = typeOf (lib.splitString " " (cell 1));
        }
        // lib.optionalAttrs (cell 2 != "-") { default = builtins.fromJSON (cell 2); }
      );
    };

  typeOf =
    words:
    let
      word = lib.head words;
      rest = lib.tail words;
    in
    if
      lib.elem word [
        "listOf"
        "attrsOf"
        "nullOr"
      ]
    then
      types.${word} (typeOf rest)
    else
      types.${word} or special.${word};

  scalarOrList = value: special.scalar.check value || lib.isList value;
  special = {
    unsigned = types.ints.unsigned;
    positive = types.ints.positive;
    unitName = types.strMatching "[a-zA-Z0-9@%:_.\\-]+[.](service|socket|device|mount|automount|swap|target|path|timer|scope|slice)";
    scalar = types.oneOf [
      types.bool
      types.int
      types.float
      types.str
      types.path
    ];
    # A key of a unit: where one definition is a list, all of them are said, one after the other.
    unitOption = lib.mkOptionType {
      name = "systemd option";
      check = value: value == null || scalarOrList value;
      merge =
        loc: definitions:
        if lib.any (d: lib.isList d.value) definitions then
          lib.concatMap (d: lib.flatten d.value) definitions
        else
          special.scalar.merge loc definitions;
    };
    environment = types.attrsOf (
      types.nullOr (
        types.oneOf [
          types.str
          types.path
          types.package
        ]
      )
    );
  };

  # Paths that begin alike become one tree; behind `<name>` and `*` it goes on in a submodule.
  tree =
    entries:
    lib.mapAttrs (_: node) (
      lib.foldl' (
        groups: entry:
        let
          name = lib.head entry.path;
        in
        groups
        // {
          ${name} = (groups.${name} or [ ]) ++ [ (entry // { path = lib.tail entry.path; }) ];
        }
      ) { } entries
    );

  node =
    entries:
    let
      inner = tree entries;
      submodule = name: types.submodule { options = inner.${name}; };
      first = lib.head entries;
    in
    if first.path == [ ] then
      if lib.length entries == 1 then
        first.option
      else
        throw "nix/upstream-options.txt has an option twice, or options below it"
    else if inner ? "<name>" then
      lib.mkOption {
        type = types.attrsOf (submodule "<name>");
        default = { };
      }
    else if inner ? "*" then
      lib.mkOption {
        type = types.listOf (submodule "*");
        default = [ ];
      }
    else
      inner;
in
tree (map parse lines)
