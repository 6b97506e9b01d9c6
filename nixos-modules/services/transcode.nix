# transcode: ladders and passthrough, a process for each encoded channel.
import ../lib/service.nix "transcode" (
  { fleet, ... }:
  {
    settings = {
      channels = fleet.urlOf "channels";
      ingest = fleet.urlsOf "ingest";
      origins = fleet.urlsOf "origin";
    };
    callers = [ "api" ];
    memoryMax = "85%";
    # Some 60 threads for each encoded channel.
    tasksMax = 8192;
    serviceConfig = {
      # GStreamer compiles the inner loops of scaling and mixing (ORC) when they are first used; it goes without, but slower.
      MemoryDenyWriteExecute = false;
    };
  }
)
