# The machines.
{
  title = "Hosts";
  rows = [
    [
      {
        title = "Hosts that answer";
        unit = "short";
        kind = "stat";
        lines."{{role}}" = ''count by (role) (up{job="hosts"} == 1)'';
      }
      {
        title = "Hosts that do not";
        unit = "short";
        kind = "stat";
        lines."down" = ''count(up{job="hosts"} == 0) or vector(0)'';
      }
      {
        title = "Failed units";
        unit = "short";
        kind = "stat";
        lines."failed" = ''count(node_systemd_unit_state{state="failed"} == 1) or vector(0)'';
      }
      {
        title = "The worst clock";
        unit = "s";
        kind = "stat";
        lines."off by" = "max(abs(node_timex_offset_seconds))";
      }
    ]
    [
      {
        title = "CPU";
        unit = "percentunit";
        lines."{{host}}" =
          ''1 - avg by (host) (rate(node_cpu_seconds_total{mode="idle"}[$__rate_interval]))'';
      }
      {
        title = "Memory";
        unit = "percentunit";
        lines."{{host}}" = "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes";
      }
      {
        title = "Disks";
        unit = "percentunit";
        lines."{{host}} {{mountpoint}}" =
          ''1 - node_filesystem_avail_bytes{fstype=~"ext4|xfs"} / node_filesystem_size_bytes'';
      }
    ]
    [
      {
        title = "Received";
        unit = "Bps";
        lines."{{host}}" =
          ''sum by (host) (rate(node_network_receive_bytes_total{device!="lo"}[$__rate_interval]))'';
      }
      {
        title = "Sent";
        unit = "Bps";
        lines."{{host}}" =
          ''sum by (host) (rate(node_network_transmit_bytes_total{device!="lo"}[$__rate_interval]))'';
      }
      {
        title = "Datagrams lost for want of room";
        unit = "pps";
        lines."{{host}}" = ''rate(node_netstat_Udp_RcvbufErrors{role="ingest"}[$__rate_interval])'';
      }
    ]
    [
      {
        title = "Disks: written";
        unit = "Bps";
        lines."{{host}}" = "sum by (host) (rate(node_disk_written_bytes_total[$__rate_interval]))";
      }
      {
        title = "Disks: busy";
        unit = "percentunit";
        lines."{{host}} {{device}}" = "rate(node_disk_io_time_seconds_total[$__rate_interval])";
      }
      {
        title = "Segments sent again by TCP";
        unit = "pps";
        lines."{{host}}" = "rate(node_netstat_Tcp_RetransSegs[$__rate_interval])";
      }
    ]
  ];
}
