# web: the viewers' app with their account, and the operators' console.
import ../lib/service.nix "web" (
  { config, ... }:
  {
    # What apps are told is what playback does.
    settings.house.open = config.funkturm.fleet.openHouse;
    memoryMax = "256M";
    tasksMax = 64;
  }
)
