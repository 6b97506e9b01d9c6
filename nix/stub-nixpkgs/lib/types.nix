# The types of options: what a definition must be, and how several become one value.
{ lib }:
let
  inherit (lib)
    all
    concatMap
    elem
    filter
    foldl'
    head
    isAttrs
    isBool
    isFunction
    isInt
    isList
    isPath
    isString
    mapAttrs
    tail
    ;

  type = description: check: merge: {
    inherit description check merge;
    _type = "option-type";
  };

  values = map (d: d.value);

  # Several definitions may only say the same.
  same =
    loc: definitions:
    let
      first = head definitions;
      other = filter (d: d.value != first.value) definitions;
    in
    if other == [ ] then
      first.value
    else
      throw "The option `${lib.showOption loc}' has conflicting definition values:\n- In `${first.file}'\n- In `${(head other).file}'";

  scalar = description: check: type description check same;
  number =
    description: least: most:
    scalar description (x: isInt x && x >= least && x <= most);
  text =
    description: separator:
    type description isString (_: definitions: lib.concatStringsSep separator (values definitions));
  hasPath = x: isAttrs x && x ? outPath;
  isAbsolute = x: isString x && lib.hasPrefix "/" x;

  # The definitions of one element or attribute.
  inner =
    loc: of: definitions:
    lib.mergeDefinitions loc of definitions;

  types = rec {
    bool = scalar "boolean" isBool;
    int = scalar "signed integer" isInt;
    float = scalar "floating point number" builtins.isFloat;
    str = scalar "string" isString;
    lines = text "strings concatenated with \"\\n\"" "\n";
    port = number "16 bit unsigned integer; between 0 and 65535 (both inclusive)" 0 65535;
    ints = {
      positive = scalar "positive integer, meaning >0" (x: isInt x && x > 0);
      unsigned = scalar "unsigned integer, meaning >=0" (x: isInt x && x >= 0);
      between =
        least: most:
        number "integer between ${toString least} and ${toString most} (both inclusive)" least most;
    };
    enum = choices: scalar "one of ${lib.toJSON choices}" (x: elem x choices);
    strMatching =
      pattern:
      scalar "string matching the pattern ${pattern}" (x: isString x && builtins.match pattern x != null);
    path = scalar "absolute path" (x: isPath x || isAbsolute x || hasPath x);
    package = scalar "package" (x: hasPath x || isAbsolute x);
    raw = scalar "raw value" (_: true);
    attrs = type "attribute set" isAttrs (
      _: definitions: foldl' (all: d: all // d.value) { } definitions
    );

    nullOr =
      of:
      type "null or ${of.description}" (x: x == null || of.check x) (
        loc: definitions: if all (d: d.value == null) definitions then null else of.merge loc definitions
      );
    either =
      a: b:
      type "${a.description} or ${b.description}" (x: a.check x || b.check x) (
        loc: definitions: (if all (d: a.check d.value) definitions then a else b).merge loc definitions
      );
    oneOf = choices: foldl' either (head choices) (tail choices);

    listOf =
      of:
      type "list of ${of.description}" isList (
        loc: definitions:
        concatMap (
          d:
          concatMap (
            element:
            let
              merged = inner (loc ++ [ "*" ]) of [
                {
                  inherit (d) file;
                  value = element;
                }
              ];
            in
            lib.optional merged.isDefined merged.value
          ) d.value
        ) definitions
      );

    attrsOf =
      of:
      type "attribute set of ${of.description}" (x: isAttrs x && !hasPath x) (
        loc: definitions:
        let
          names = foldl' (all: d: all // d.value) { } definitions;
          merged = mapAttrs (
            name: _:
            inner (loc ++ [ name ]) of (
              concatMap (
                d:
                lib.optional (d.value ? ${name}) {
                  inherit (d) file;
                  value = d.value.${name};
                }
              ) definitions
            )
          ) names;
        in
        mapAttrs (_: attribute: attribute.value) (
          lib.filterAttrs (_: attribute: attribute.isDefined) merged
        )
      );

    anything = type "anything" (_: true) (
      loc: definitions:
      let
        are = check: all (d: check d.value) definitions;
      in
      if are (x: isAttrs x && !hasPath x) then
        (attrsOf anything).merge loc definitions
      else if are isList then
        lib.concatLists (values definitions)
      else
        same loc definitions
    );

    submoduleWith =
      { modules }:
      type "submodule" (x: isAttrs x || isFunction x || isPath x) (
        loc: definitions:
        (lib.evalModules {
          prefix = loc;
          specialArgs.name = lib.last loc;
          modules =
            modules
            ++ map (
              d:
              if isFunction d.value || isPath d.value then
                d.value
              else
                {
                  _file = d.file;
                  config = d.value;
                }
            ) definitions;
        }).config
      );
    submodule = module: submoduleWith { modules = lib.flatten [ module ]; };
  };
in
types
