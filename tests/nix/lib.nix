# What our modules rely on in nixpkgs' `lib`: the stand-in's has to do the same as upstream's. With a network, hold upstream's to it:
#
#   nix eval --impure --expr 'import ./tests/nix/lib.nix (builtins.getFlake "nixpkgs").lib'
lib:
let
  inherit (lib) mkOption types;

  evaluate =
    options: modules:
    (lib.evalModules {
      modules = [ { inherit options; } ] ++ modules;
    }).config;
  one =
    type: definitions:
    (evaluate { x = mkOption { inherit type; }; } (map (x: { inherit x; }) definitions)).x;
  fails = value: !(builtins.tryEval (builtins.deepSeq value value)).success;

  cases = {
    "the strongest definition wins" = [
      (one types.int [
        (lib.mkDefault 1)
        2
      ])
      2
    ];
    "force is stronger" = [
      (one types.int [
        2
        (lib.mkForce 3)
      ])
      3
    ];
    "lists are joined in their order" = [
      (one (types.listOf types.int) [
        (lib.mkAfter [ 3 ])
        [ 2 ]
        (lib.mkBefore [ 1 ])
      ])
      [
        1
        2
        3
      ]
    ];
    "lines are joined" = [
      (one types.lines [
        "b"
        (lib.mkBefore "a")
      ])
      "a\nb"
    ];
    "what is off is not there" = [
      (one (types.attrsOf types.int) [
        { a = lib.mkIf false 1; }
        (lib.mkIf true { b = 2; })
      ])
      { b = 2; }
    ];
    "merged definitions are several" = [
      (one (types.attrsOf types.int) [
        (lib.mkMerge [
          { a = 1; }
          { b = 2; }
        ])
      ])
      {
        a = 1;
        b = 2;
      }
    ];
    "a default gives way inside of a set" = [
      (one (types.attrsOf types.int) [
        { a = lib.mkDefault 1; }
        { a = 2; }
      ])
      { a = 2; }
    ];
    "submodules know their names, and take more where they may" = [
      (one
        (types.attrsOf (
          types.submodule (
            { name, ... }:
            {
              freeformType = types.attrsOf types.anything;
              options.called = mkOption { default = name; };
              options.inner.given = mkOption { default = 1; };
            }
          )
        ))
        [
          { a.inner.free = 2; }
          { a.other = 3; }
        ]
      )
      {
        a = {
          called = "a";
          inner = {
            given = 1;
            free = 2;
          };
          other = 3;
        };
      }
    ];
    "a condition may look at what else is set" = [
      (evaluate
        {
          on = mkOption { type = types.bool; };
          value = mkOption { default = 0; };
        }
        [
          { on = true; }
          (
            { config, ... }:
            {
              config = lib.mkIf config.on { value = 1; };
            }
          )
        ]
      ).value
      1
    ];
    "two values conflict" = [
      (fails (
        one types.int [
          1
          2
        ]
      ))
      true
    ];
    "a wrong type is refused" = [
      (fails (one types.port [ 65536 ]))
      true
    ];
    "a wrong type inside of a list is refused" = [
      (fails (one (types.listOf types.str) [ [ 1 ] ]))
      true
    ];
    "what is not declared is refused" = [
      (fails (evaluate { } [ { x = 1; } ]))
      true
    ];
    "what is not set is missed" = [
      (fails (one types.int [ ]))
      true
    ];
    "sets are updated to the depth" = [
      (lib.recursiveUpdate { a.b = 1; } { a.c = 2; })
      {
        a = {
          b = 1;
          c = 2;
        };
      }
    ];
    "lists are subtracted" = [
      (lib.subtractLists
        [
          3
          2
        ]
        [
          1
          2
          3
          4
          3
        ]
      )
      [
        1
        4
      ]
    ];
    "strings are split" = [
      (lib.splitString "." "a.b.c")
      [
        "a"
        "b"
        "c"
      ]
    ];
  };
in
# The names of those that differ.
builtins.filter (
  name:
  let
    case = cases.${name};
  in
  builtins.elemAt case 0 != builtins.elemAt case 1
) (builtins.attrNames cases)
