# Lists.
{ lib }:
let
  inherit (lib)
    concatMap
    elem
    elemAt
    filter
    foldl'
    genList
    isList
    length
    ;
in
rec {
  optional = condition: element: if condition then [ element ] else [ ];
  optionals = condition: list: if condition then list else [ ];
  range = first: last: if first > last then [ ] else genList (n: first + n) (last - first + 1);
  imap0 = f: list: genList (n: f n (elemAt list n)) (length list);
  imap1 = f: imap0 (n: f (n + 1));
  reverseList = list: genList (n: elemAt list (length list - 1 - n)) (length list);
  foldr =
    f: initial: list:
    foldl' (found: element: f element found) initial (reverseList list);
  flatten = value: if isList value then concatMap flatten value else [ value ];
  subtractLists = unwanted: filter (element: !(elem element unwanted));
  unique = foldl' (seen: element: if elem element seen then seen else seen ++ [ element ]) [ ];
  findFirst =
    wanted: default: list:
    let
      found = filter wanted list;
    in
    if found == [ ] then default else lib.head found;
  init = list: genList (elemAt list) (length list - 1);
  groupBy =
    f:
    foldl' (
      groups: element:
      let
        name = f element;
      in
      groups // { ${name} = (groups.${name} or [ ]) ++ [ element ]; }
    ) { };
  last = list: elemAt list (length list - 1);
}
