# What a service with GStreamer needs beside the usual.
unit: {
  # Where it notes which plugins there are, instead of searching at each start.
  environment.GST_REGISTRY = "/var/cache/${unit}/registry.bin";
  serviceConfig.CacheDirectory = unit;
}
