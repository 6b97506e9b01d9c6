# Refused by flake on dev-ingest-a1: A definition for option `funkturm.roles.ingest.receiveBufferBytes' is not of type
{ funkturm.roles.ingest.receiveBufferBytes = "8 MiB"; }
