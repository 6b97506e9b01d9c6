# A machine that has not been deployed yet, as its image makes it: operators can log in, and nothing runs.
{
  system.stateVersion = "26.05";

  services.openssh = {
    enable = true;
    settings = {
      PasswordAuthentication = false;
      KbdInteractiveAuthentication = false;
      PermitRootLogin = "prohibit-password";
    };
  };
  users.users.root.openssh.authorizedKeys.keys = import ../operators.nix;

  nix.settings.experimental-features = [
    "nix-command"
    "flakes"
  ];
}
