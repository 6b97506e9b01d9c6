# web: the viewers' app and the operators' console.
import ../lib/service.nix "web" (_: {
  memoryMax = "256M";
  tasksMax = 64;
})
