# notify: mail to households. What it logs in with at the mail server are two secrets.
import ../lib/service.nix "notify" (
  { lib, config, ... }:
  let
    inherit (config.funkturm.fleet) mail allowedRegion;
    credential = (import ../lib/secrets.nix { inherit config; }).path "funkturm-notify";
    login = lib.optionals (mail != null && mail.login) [
      "notify-smtp-username"
      "notify-smtp-password"
    ];
  in
  {
    settings =
      if mail == null then
        { without_server = "catch"; }
      else
        {
          inherit (mail) operator from;
          smtp = {
            inherit (mail) host encryption;
            allowed_regions = [ allowedRegion ];
          }
          // lib.optionalAttrs mail.login {
            username_file = credential "notify-smtp-username";
            password_file = credential "notify-smtp-password";
          };
        };
    credentials = login;
    reachesOut = mail != null;
    memoryMax = "256M";
  }
)
