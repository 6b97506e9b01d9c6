# Strings.
{ lib }:
let
  inherit (lib)
    concatStringsSep
    filter
    isString
    stringLength
    substring
    ;
in
rec {
  optionalString = condition: text: if condition then text else "";
  concatMapStringsSep =
    separator: f: list:
    concatStringsSep separator (map f list);
  concatMapStrings = concatMapStringsSep "";
  concatStrings = concatStringsSep "";
  concatLines = concatMapStrings (line: "${line}\n");
  hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
  hasSuffix =
    suffix: text:
    let
      start = stringLength text - stringLength suffix;
    in
    start >= 0 && substring start (stringLength suffix) text == suffix;
  hasInfix = infix: text: lib.length (splitString infix text) > 1;
  escapeRegex = lib.replaceStrings (lib.stringToCharacters "\\[{()^$?*+|.") (
    map (c: "\\${c}") (lib.stringToCharacters "\\[{()^$?*+|.")
  );
  stringToCharacters = text: lib.genList (place: substring place 1 text) (stringLength text);
  splitString = separator: text: filter isString (builtins.split (escapeRegex separator) text);
  boolToString = value: if value then "true" else "false";
  smallLetters = stringToCharacters "abcdefghijklmnopqrstuvwxyz";
  largeLetters = stringToCharacters "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  toUpper = lib.replaceStrings smallLetters largeLetters;
  toLower = lib.replaceStrings largeLetters smallLetters;
  makeBinPath = concatMapStringsSep ":" (package: "${package}/bin");
  getExe' = package: name: "${package}/bin/${name}";
  getExe = package: getExe' package (package.meta.mainProgram or package.pname);
}
