# The web app that the program carries: the viewers' pages and the operators' console.
#
# Its package-lock.json names no `resolved` URLs: npm was told to leave them out, so that the lock does not depend on the registry that
# somebody happens to use. importNpmLock fetches by URL, so they are put back here: a package of the public registry is always at
# /NAME/-/LAST-PART-OF-NAME-VERSION.tgz, and `integrity` says whether it is the right one.
{ pkgs }:
let
  inherit (pkgs) lib;
  app = ../crates/services/web/app;
  lock = lib.importJSON (app + "/package-lock.json");

  nameOf = place: package: package.name or (lib.last (lib.splitString "node_modules/" place));
  withUrl =
    place: package:
    let
      name = nameOf place package;
      file = "${lib.last (lib.splitString "/" name)}-${package.version}.tgz";
    in
    if package ? integrity && !(package ? resolved) then
      package // { resolved = "https://registry.npmjs.org/${name}/-/${file}"; }
    else
      package;
in
pkgs.buildNpmPackage {
  pname = "funkturm-web-app";
  version = "0.1.0";
  src = app;
  npmDeps = pkgs.importNpmLock {
    npmRoot = app;
    packageLock = lock // {
      packages = lib.mapAttrs withUrl lock.packages;
    };
  };
  inherit (pkgs.importNpmLock) npmConfigHook;
  nodejs = pkgs.nodejs_22;
  installPhase = ''
    runHook preInstall
    cp --recursive dist $out
    runHook postInstall
  '';
}
