# The machines.
{
  HostDown = {
    expr = ''up{job="hosts"} == 0'';
    for = "2m";
    severity = "critical";
    summary = "A host does not answer";
    test = {
      at = "4m";
      firing."up{job='hosts',host='api-1'}" = "0x20";
      quiet."up{job='hosts',host='api-1'}" = "1x20";
      labels = {
        job = "hosts";
        host = "api-1";
      };
    };
  };

  # Segments are cut on the wall clock: two hosts that do not agree on it make two different channels.
  ClockOff = {
    expr = "abs(node_timex_offset_seconds) > 0.05 or node_timex_sync_status == 0";
    for = "5m";
    severity = "critical";
    summary = "A host's clock is not that of the others";
    test = {
      at = "8m";
      firing."node_timex_sync_status{host='t'}" = "0x40";
      quiet = {
        "node_timex_sync_status{host='t'}" = "1x40";
        "node_timex_offset_seconds{host='t'}" = "-0.001x40";
      };
      labels.host = "t";
    };
  };

  DiskFull = {
    expr = ''
      node_filesystem_avail_bytes{fstype=~"ext4|xfs"} < 0.15 * node_filesystem_size_bytes
      or predict_linear(node_filesystem_avail_bytes{fstype=~"ext4|xfs"}[6h], 86400) < 0'';
    for = "15m";
    severity = "warning";
    summary = "A disk is nearly full, or will be within a day";
    test = {
      at = "30m";
      firing = {
        "node_filesystem_avail_bytes{host='a',mountpoint='/',fstype='ext4'}" = "10x200";
        "node_filesystem_size_bytes{host='a',mountpoint='/',fstype='ext4'}" = "100x200";
      };
      quiet = {
        "node_filesystem_avail_bytes{host='a',mountpoint='/',fstype='ext4'}" = "50x200";
        "node_filesystem_size_bytes{host='a',mountpoint='/',fstype='ext4'}" = "100x200";
      };
      labels = {
        host = "a";
        mountpoint = "/";
        fstype = "ext4";
      };
    };
  };

  MemoryShort = {
    expr = "node_memory_MemAvailable_bytes < 0.08 * node_memory_MemTotal_bytes";
    for = "5m";
    severity = "warning";
    summary = "A host is short of memory";
    test = {
      at = "8m";
      firing = {
        "node_memory_MemAvailable_bytes{host='a'}" = "5x40";
        "node_memory_MemTotal_bytes{host='a'}" = "100x40";
      };
      quiet = {
        "node_memory_MemAvailable_bytes{host='a'}" = "20x40";
        "node_memory_MemTotal_bytes{host='a'}" = "100x40";
      };
      labels.host = "a";
    };
  };

  CpuBusy = {
    expr = ''1 - avg by (host) (rate(node_cpu_seconds_total{mode="idle"}[5m])) > 0.9'';
    for = "15m";
    severity = "warning";
    summary = "A host has had no core to spare for a quarter of an hour";
    test = {
      at = "30m";
      firing."node_cpu_seconds_total{host='t',cpu='0',mode='idle'}" = "0+1x200";
      quiet."node_cpu_seconds_total{host='t',cpu='0',mode='idle'}" = "0+5x200";
      labels.host = "t";
    };
  };

  DatagramsLost = {
    expr = ''rate(node_netstat_Udp_RcvbufErrors{role="ingest"}[5m]) > 0'';
    for = "5m";
    severity = "warning";
    summary = "An ingest host loses datagrams that have reached it";
    test = {
      at = "12m";
      firing."node_netstat_Udp_RcvbufErrors{host='i',role='ingest'}" = "0+1x60";
      quiet."node_netstat_Udp_RcvbufErrors{host='i',role='ingest'}" = "7x60";
      labels = {
        host = "i";
        role = "ingest";
      };
    };
  };

  UnitFailed = {
    expr = ''max by (host, name) (node_systemd_unit_state{state="failed"}) == 1'';
    for = "5m";
    severity = "warning";
    summary = "A unit has failed";
    test = {
      at = "8m";
      firing."node_systemd_unit_state{host='db-1',name='pgbackrest.service',state='failed'}" = "1x40";
      quiet."node_systemd_unit_state{host='db-1',name='pgbackrest.service',state='failed'}" = "0x40";
      labels = {
        host = "db-1";
        name = "pgbackrest.service";
      };
    };
  };

  MonitoringDown = {
    expr = ''up{job=~"prometheus|alertmanager"} == 0'';
    for = "2m";
    severity = "critical";
    summary = "A Prometheus or an Alertmanager does not answer another one";
    test = {
      at = "4m";
      firing."up{job='alertmanager',host='m-2'}" = "0x20";
      quiet."up{job='alertmanager',host='m-2'}" = "1x20";
      labels = {
        job = "alertmanager";
        host = "m-2";
      };
    };
  };
}
