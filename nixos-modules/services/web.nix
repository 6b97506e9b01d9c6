# web: the viewers' app and the operators' console.
import ../lib/service.nix "web" (
  { fleet, config, ... }:
  {
    description = "the web app and the console";
    callers = [ "api" ];
    memoryMax = "256M";
    tasksMax = 64;
    serviceConfig = import ../lib/fleet-only.nix { inherit fleet config; } "web";
  }
)
