# The stores are restarted, and then away altogether, while somebody watches.
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
  };
}
