# What GStreamer needs beyond the hardening of the other services.
unit: {
  # Where it notes which plugins there are, instead of searching at each start.
  environment.GST_REGISTRY = "/var/cache/${unit}/registry.bin";
  serviceConfig = {
    CacheDirectory = unit;
    # Its inner loops (ORC) are compiled when they are first used.
    MemoryDenyWriteExecute = false;
    # Threads of encoders set their priority and the cores they run on.
    SystemCallFilter = [
      "@system-service"
      "~@privileged"
    ];
    # It looks for interfaces, and for the route to a group.
    RestrictAddressFamilies = [
      "AF_INET"
      "AF_INET6"
      "AF_NETLINK"
      "AF_UNIX"
    ];
  };
}
