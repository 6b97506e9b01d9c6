# ingest: receives the inputs, watches them, fails over, takes them apart.
import ../lib/service.nix "ingest" (
  { fleet, config, ... }:
  {
    settings = {
      channels = fleet.urlOf "channels";
      receive_buffer_bytes = config.funkturm.roles.ingest.receiveBufferBytes;
    };
    callers = [
      "api"
      "transcode"
    ];
    # Inputs come from anywhere, to any port.
    receives = true;
    memoryMax = "6G";
    tasksMax = 1024;
  }
)
