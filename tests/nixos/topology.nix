# A host of every role, and a client who watches: television goes all the way.
{
  hosts = {
    ingest1.role = "ingest";
    transcode1.role = "transcode";
    api1.role = "api";
    db1 = {
      role = "db";
      cluster = "main";
      primary = true;
    };
    monitoring1.role = "monitoring";
  };
}
