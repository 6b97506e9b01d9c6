# The module system: modules in, one checked configuration out.
#
# Two things have to be as lazy as upstream, or modules that look at each other's values never end: which names a definition has
# may be asked without asking for its conditions (`pushDown`), and a condition is asked for only by who needs the value (`discharge`).
{ lib }:
let
  inherit (lib)
    attrNames
    concatLists
    concatMap
    concatStringsSep
    elem
    filter
    foldl'
    head
    isAttrs
    isFunction
    isOption
    isPath
    mapAttrs
    removeAttrs
    sort
    ;

  show = concatStringsSep ".";

  # ---- modules: from paths, functions and short forms to { options, config, imports }

  normalize =
    args: origin: module:
    let
      loaded = if isPath module || lib.isString module then import module else module;
      body = if isFunction loaded then loaded args else loaded;
      long = body ? options || body ? config;
      known = [
        "_file"
        "config"
        "freeformType"
        "imports"
        "key"
        "meta"
        "options"
      ];
      stray = filter (name: !(elem name known)) (attrNames body);
    in
    if long && stray != [ ] then
      throw "Module `${origin}' has an unsupported attribute `${head stray}'. It has `options' or `config', so everything else belongs under `config'."
    else
      {
        file = origin;
        imports = body.imports or [ ];
        options = body.options or { };
        config = if long then body.config or { } else removeAttrs body known;
        freeform = lib.optional (body ? freeformType) body.freeformType;
      };

  # Everything that is imported, each file once; in upstream's order, which lists and lines show.
  collect =
    args: modules:
    let
      numbered =
        parent:
        lib.imap1 (
          place: module:
          let
            key = if isPath module then toString module else "${parent}, import ${toString place}";
          in
          {
            inherit key;
            module = normalize args key module;
          }
        );
    in
    lib.reverseList (
      map (found: found.module) (
        builtins.genericClosure {
          startSet = numbered "the modules of the evaluation" modules;
          operator = found: numbered found.key found.module.imports;
        }
      )
    );

  declareAll =
    loc: declared: new:
    foldl' (
      all: name:
      let
        here = loc ++ [ name ];
        old = all.${name};
      in
      all
      // {
        ${name} =
          if !(all ? ${name}) then
            new.${name}
          else if isOption old || isOption new.${name} then
            throw "The option `${show here}' is declared twice."
          else
            declareAll here old new.${name};
      }
    ) declared (attrNames new);

  # ---- definitions: values with properties

  # A definition as plain attribute sets, its properties moved onto their values.
  pushDown =
    { file, value }:
    let
      onto =
        wrap: inner:
        map (definition: definition // { value = mapAttrs (_: wrap) definition.value; }) (pushDown {
          inherit file;
          value = inner;
        });
    in
    if !(isAttrs value && value ? _type) then
      [ { inherit file value; } ]
    else if value._type == "if" then
      onto (lib.mkIf value.condition) value.content
    else if value._type == "merge" then
      concatMap (
        inner:
        pushDown {
          inherit file;
          value = inner;
        }
      ) value.contents
    else if value._type == "override" then
      onto (lib.mkOverride value.priority) value.content
    else if value._type == "order" then
      onto (lib.mkOrder value.priority) value.content
    else
      [ { inherit file value; } ];

  # A definition as what remains of it: nothing, or values with their priority and order.
  discharge =
    {
      file,
      value,
      priority ? lib.defaultPriority,
      order ? lib.defaultOrder,
    }@definition:
    let
      again = changes: discharge (definition // changes);
    in
    if !(isAttrs value && value ? _type) then
      [
        {
          inherit
            file
            value
            priority
            order
            ;
        }
      ]
    else if value._type == "if" then
      if value.condition then again { value = value.content; } else [ ]
    else if value._type == "merge" then
      concatMap (inner: again { value = inner; }) value.contents
    else if value._type == "override" then
      again {
        inherit (value) priority;
        value = value.content;
      }
    else if value._type == "order" then
      again {
        order = value.priority;
        value = value.content;
      }
    else
      [
        {
          inherit
            file
            value
            priority
            order
            ;
        }
      ];

  strongest =
    definitions:
    let
      best = foldl' (least: d: if d.priority < least then d.priority else least) 9999 definitions;
    in
    sort (a: b: a.order < b.order) (filter (d: d.priority == best) definitions);

  printed =
    value:
    if isFunction value then
      "<function>"
    else if isAttrs value && !(value ? outPath) then
      "{ ${concatStringsSep " " (attrNames value)} }"
    else if lib.isList value then
      "a list of ${toString (lib.length value)}"
    else
      builtins.toJSON value;

  # Definitions of one option to its value.
  mergeDefinitions =
    loc: type: definitions:
    let
      winners = strongest (concatMap discharge definitions);
      wrong = filter (d: !(type.check d.value)) winners;
      first = head wrong;
    in
    {
      isDefined = winners != [ ];
      value =
        if winners == [ ] then
          throw "The option `${show loc}' is used but not defined."
        else if wrong != [ ] then
          throw "A definition for option `${show loc}' is not of type `${type.description}'. Definition values:\n- In `${first.file}': ${printed first.value}"
        else
          type.merge loc winners;
    };

  optionValue =
    loc: option: definitions:
    let
      type = option.type or lib.types.anything;
      default = lib.optional (option ? default) {
        file = "the option's default";
        value = lib.mkOptionDefault option.default;
      };
      value = (mergeDefinitions loc type (definitions ++ default)).value;
    in
    if (option.readOnly or false) && lib.length definitions > 1 then
      throw "The option `${show loc}' is read-only, but it is set several times."
    else if option ? apply then
      option.apply value
    else
      value;

  # Options and definitions to values; beside them what no option takes.
  build =
    loc: options: definitions:
    let
      plain = concatMap pushDown definitions;
      under =
        name:
        concatMap (
          d:
          lib.optional (d.value ? ${name}) {
            inherit (d) file;
            value = d.value.${name};
          }
        ) plain;
      groups = mapAttrs (name: inner: build (loc ++ [ name ]) inner (under name)) (
        lib.filterAttrs (_: option: !isOption option) options
      );
      strays = concatMap (
        d:
        map (name: {
          inherit (d) file;
          loc = loc ++ [ name ];
          value = {
            ${name} = d.value.${name};
          };
        }) (filter (name: !(options ? ${name})) (attrNames d.value))
      ) plain;
    in
    {
      values = mapAttrs (
        name: option:
        if isOption option then optionValue (loc ++ [ name ]) option (under name) else groups.${name}.values
      ) options;
      unmatched =
        strays
        ++ concatLists (
          lib.mapAttrsToList (
            name: group:
            map (
              stray:
              stray
              // {
                value = {
                  ${name} = stray.value;
                };
              }
            ) group.unmatched
          ) groups
        );
    };

  # What is defined for names that nothing declares, where the modules allow that.
  freeValues =
    loc: freeform: unmatched:
    if unmatched == [ ] then
      { }
    else if freeform == [ ] then
      throw "The option `${show (head unmatched).loc}' does not exist. Definition values:\n- In `${(head unmatched).file}'"
    else
      (mergeDefinitions loc (head freeform) (map (d: { inherit (d) file value; }) unmatched)).value;

  evaluate =
    {
      modules,
      specialArgs ? { },
      prefix ? [ ],
    }:
    let
      args = specialArgs // {
        inherit config lib options;
      };
      collected = collect args modules;
      options = foldl' (declareAll prefix) { } (map (module: module.options) collected);
      built = build prefix options (
        map (module: {
          inherit (module) file;
          value = module.config;
        }) collected
      );
      free = freeValues prefix (concatMap (module: module.freeform) collected) built.unmatched;
      config = lib.recursiveUpdate free built.values;
    in
    {
      inherit config options;
    };
in
{
  evalModules = evaluate;
  inherit mergeDefinitions discharge;
  showOption = show;
}
