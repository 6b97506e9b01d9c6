# Two ingest hosts: a feed falls silent, then the host that takes it in is gone.
{
  hosts = {
    ingest1.role = "ingest";
    ingest2.role = "ingest";
    transcode1.role = "transcode";
    api1.role = "api";
    db1 = {
      role = "db";
      cluster = "main";
      primary = true;
    };
  };
}
