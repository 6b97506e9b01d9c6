# How options are declared, and the properties that definitions can have.
{ lib }:
let
  property = type: attrs: attrs // { _type = type; };
in
rec {
  mkOption = property "option";
  mkOptionType =
    {
      name,
      description ? name,
      check,
      merge,
    }:
    property "option-type" { inherit description check merge; };
  isOption = value: lib.isAttrs value && (value._type or null) == "option";
  mkEnableOption =
    what:
    mkOption {
      type = lib.types.bool;
      default = false;
      description = "Whether to enable ${what}.";
    };
  literalExpression = text: property "literalExpression" { inherit text; };
  literalMD = text: property "literalMD" { inherit text; };

  mkIf = condition: content: property "if" { inherit condition content; };
  mkMerge = contents: property "merge" { inherit contents; };
  mkOverride = priority: content: property "override" { inherit priority content; };
  mkOrder = priority: content: property "order" { inherit priority content; };
  defaultPriority = 100;
  defaultOrder = 1000;
  mkOptionDefault = mkOverride 1500;
  mkDefault = mkOverride 1000;
  mkForce = mkOverride 50;
  mkBefore = mkOrder 500;
  mkAfter = mkOrder 1500;
}
