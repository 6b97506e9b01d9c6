# Refused by flake on dev-api-a1: funkturm.services.channels.settings.channels.objects.s3 names the bucket mine
{ funkturm.services.channels.settings.channels.objects.s3.bucket = "mine"; }
