# web: the viewers' app and the operators' console.
import ../lib/service.nix "web" (_: {
  description = "the web app and the console";
  callers = [ "api" ];
  memoryMax = "256M";
  tasksMax = 64;
})
