# Two api hosts: the one that a viewer watches from is gone, and comes back empty.
{
  hosts = {
    ingest1.role = "ingest";
    transcode1.role = "transcode";
    api1.role = "api";
    api2.role = "api";
    db1 = {
      role = "db";
      cluster = "main";
      primary = true;
    };
  };
}
