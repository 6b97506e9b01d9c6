# Two hosts of each role that television goes through: one after the other has its services restarted, as a deployment does.
{
  hosts = {
    ingest1.role = "ingest";
    ingest2.role = "ingest";
    transcode1.role = "transcode";
    transcode2.role = "transcode";
    api1.role = "api";
    api2.role = "api";
    db1 = {
      role = "db";
      cluster = "main";
      primary = true;
    };
  };
}
