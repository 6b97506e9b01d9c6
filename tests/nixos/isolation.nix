# Who can reach what: viewers, hosts of the fleet, and a machine in its network that does not belong to it.
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
  others = [ "stranger" ];
}
