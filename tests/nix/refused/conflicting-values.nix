# Refused by flake on dev-api-a1: The option `funkturm.fleet.publicName' has conflicting definition values
{ funkturm.fleet.publicName = "other.example"; }
