# Two transcode hosts: the one that works on a channel is gone.
{
  hosts = {
    ingest1.role = "ingest";
    transcode1.role = "transcode";
    transcode2.role = "transcode";
    api1.role = "api";
    db1 = {
      role = "db";
      cluster = "main";
      primary = true;
    };
  };
}
