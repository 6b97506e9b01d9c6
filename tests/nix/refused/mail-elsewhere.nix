# Refused by flake on dev-api-a1: The mail server (funkturm.fleet.mail) is email-smtp.us-east-1.amazonaws.com, but data may only be in eu-central-1
{
  funkturm.fleet.mail = {
    host = "email-smtp.us-east-1.amazonaws.com";
    from = "no-reply@tv.example";
    operator = "Funkturm";
  };
}
