# Refused by flake on dev-api-a1: A definition for option `funkturm.secrets.directory' is not of type
# A path, unlike a string, would be copied into the store.
{ funkturm.secrets.directory = ./.; }
