# The secrets of a test's fleet: of no worth, so they may be in the store. Each host has all of them.
{ lib, config, ... }:
let
  catalogue = import ../../../nixos-modules/lib/catalogue.nix { inherit lib; };
  secrets = import ../../../nixos-modules/lib/secrets.nix { inherit config; };
  made = [
    "service-token"
    "operator-token"
    (secrets.replicationPassword "main")
  ]
  ++ map secrets.postgresqlPassword (lib.attrNames (catalogue.withStore "postgresql"))
  ++ map secrets.redisPassword (lib.attrNames (catalogue.withStore "redis"))
  ++ lib.concatMap (name: [
    "${name}-s3-access-key-id"
    "${name}-s3-secret-access-key"
  ]) (lib.attrNames (catalogue.withStore "objects"));

  folder = "funkturm-secrets";
in
{
  funkturm.secrets.directory = "/etc/${folder}";
  environment.etc =
    lib.mapAttrs'
      (name: text: {
        name = "${folder}/${name}";
        value = {
          inherit text;
          mode = "0400";
        };
      })
      (
        lib.genAttrs made (builtins.hashString "sha256")
        // {
          playback-token-keys = "1 ${builtins.hashString "sha256" "playback-token-keys"}";
          # Signed by tls/authority.pem, whose key is gone; valid until 2126.
          tls-certificate = builtins.readFile ./tls/certificate.pem;
          tls-key = builtins.readFile ./tls/key.pem;
          # RFC 8037, appendix A.1.
          "accounts-signing-keys/1.pem" = ''
            -----BEGIN PRIVATE KEY-----
            MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
            -----END PRIVATE KEY-----
          '';
        }
      );
}
