# Refused by flake on dev-api-a1: has the endpoint https://s3.us-east-1.amazonaws.com, but data may only be in eu-central-1
{ funkturm.fleet.buckets.channels.endpoint = "https://s3.us-east-1.amazonaws.com"; }
