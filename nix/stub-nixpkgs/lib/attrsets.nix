# Attribute sets.
{ lib }:
let
  inherit (lib)
    attrNames
    concatMap
    foldl'
    isAttrs
    listToAttrs
    mapAttrs
    ;
in
rec {
  nameValuePair = name: value: { inherit name value; };
  genAttrs = names: f: listToAttrs (map (name: nameValuePair name (f name)) names);
  mapAttrs' = f: set: listToAttrs (map (name: f name set.${name}) (attrNames set));
  mapAttrsToList = f: set: map (name: f name set.${name}) (attrNames set);
  filterAttrs =
    keep: set:
    listToAttrs (
      concatMap (name: if keep name set.${name} then [ (nameValuePair name set.${name}) ] else [ ]) (
        attrNames set
      )
    );
  mergeAttrsList = foldl' (merged: set: merged // set) { };
  concatMapAttrs = f: set: mergeAttrsList (mapAttrsToList f set);
  optionalAttrs = condition: set: if condition then set else { };
  recursiveUpdate =
    left: right:
    left
    // mapAttrs (
      name: value:
      if isAttrs value && isAttrs (left.${name} or null) && !(value ? outPath) then
        recursiveUpdate left.${name} value
      else
        value
    ) right;
}
