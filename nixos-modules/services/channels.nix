# channels: channels, their inputs, the line-up, logos; what operators see of the fleet.
import ../lib/service.nix "channels" (
  { fleet, ... }:
  {
    settings = {
      ingest = fleet.urlsOf "ingest";
      transcoders = fleet.urlsOf "transcode";
      origins = fleet.urlsOf "origin";
    };
    callers = [
      "ingest"
      "transcode"
    ];
    memoryMax = "512M";
  }
)
