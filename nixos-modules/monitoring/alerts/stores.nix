# PostgreSQL, its copies and backups, and Redis.
{
  PostgresqlDown = {
    expr = ''pg_up == 0 or up{job="postgresql"} == 0'';
    for = "1m";
    severity = "critical";
    summary = "A PostgreSQL does not answer";
    test = {
      at = "3m";
      firing."pg_up{job='postgresql',host='db-1'}" = "0x20";
      quiet = {
        "pg_up{job='postgresql',host='db-1'}" = "1x20";
        "up{job='postgresql',host='db-1'}" = "1x20";
      };
      labels = {
        job = "postgresql";
        host = "db-1";
      };
    };
  };

  ReplicaBehind = {
    expr = "pg_replication_lag_seconds > 60 and pg_replication_is_replica == 1";
    for = "5m";
    severity = "warning";
    summary = "A replica is more than a minute behind its primary";
    test = {
      at = "8m";
      firing = {
        "pg_replication_lag_seconds{host='db-2'}" = "100x40";
        "pg_replication_is_replica{host='db-2'}" = "1x40";
      };
      quiet = {
        "pg_replication_lag_seconds{host='db-2'}" = "100x40";
        "pg_replication_is_replica{host='db-2'}" = "0x40";
      };
      labels.host = "db-2";
    };
  };

  # One that no longer gets anything is not behind, by its own account; its primary knows.
  ReplicaLost = {
    expr = ''
      count by (cluster) (pg_replication_is_replica == 1)
      > (count by (cluster) (pg_stat_replication_pg_wal_lsn_diff) or 0 * count by (cluster) (pg_replication_is_replica))'';
    for = "5m";
    severity = "critical";
    summary = "A replica does not follow its cluster's primary";
    test = {
      at = "8m";
      firing = {
        "pg_replication_is_replica{cluster='main',host='db-1'}" = "0x40";
        "pg_replication_is_replica{cluster='main',host='db-2'}" = "1x40";
      };
      quiet = {
        "pg_replication_is_replica{cluster='main',host='db-1'}" = "0x40";
        "pg_replication_is_replica{cluster='main',host='db-2'}" = "1x40";
        "pg_stat_replication_pg_wal_lsn_diff{cluster='main',host='db-1',application_name='db-2'}" =
          "2e6x40";
      };
      labels.cluster = "main";
    };
  };

  PostgresqlConnections = {
    expr = "sum by (host) (pg_stat_database_numbackends) > 0.8 * max by (host) (pg_settings_max_connections)";
    for = "5m";
    severity = "warning";
    summary = "A PostgreSQL has fewer than a fifth of its connections left";
    test = {
      at = "8m";
      firing = {
        "pg_stat_database_numbackends{host='db-1',datname='channels'}" = "250x40";
        "pg_settings_max_connections{host='db-1'}" = "300x40";
      };
      quiet = {
        "pg_stat_database_numbackends{host='db-1',datname='channels'}" = "100x40";
        "pg_settings_max_connections{host='db-1'}" = "300x40";
      };
      labels.host = "db-1";
    };
  };

  # In the tests it is 1970: a day and a half ago was before zero.
  BackupTooOld = {
    expr = "time() - max by (host) (funkturm_backup_last_timestamp_seconds) > 36 * 3600";
    severity = "critical";
    summary = "The last backup of a cluster is older than a day and a half";
    test = {
      at = "1m";
      firing."funkturm_backup_last_timestamp_seconds{host='db-1',type='full'}" = "-129600x10";
      quiet = {
        "funkturm_backup_last_timestamp_seconds{host='db-1',type='full'}" = "-129600x10";
        "funkturm_backup_last_timestamp_seconds{host='db-1',type='diff'}" = "-86400x10";
      };
      labels.host = "db-1";
    };
  };

  BackupUnknown = {
    expr = "funkturm_backup_ok == 0 or time() - funkturm_backup_checked_timestamp_seconds > 3 * 3600";
    for = "30m";
    severity = "critical";
    summary = "pgBackRest does not say that the backups are in order";
    test = {
      at = "35m";
      firing."funkturm_backup_checked_timestamp_seconds{host='db-1'}" = "-10800x200";
      quiet = {
        "funkturm_backup_checked_timestamp_seconds{host='db-1'}" = "-3600x200";
        "funkturm_backup_ok{host='db-1'}" = "1x200";
      };
      labels.host = "db-1";
    };
  };

  RedisDown = {
    expr = ''redis_up == 0 or up{job="redis"} == 0'';
    for = "1m";
    severity = "critical";
    summary = "A service's Redis does not answer";
    test = {
      at = "3m";
      firing."redis_up{job='redis',host='db-1',service='playback'}" = "0x20";
      quiet = {
        "redis_up{job='redis',host='db-1',service='playback'}" = "1x20";
        "up{job='redis',host='db-1',service='playback'}" = "1x20";
      };
      labels = {
        job = "redis";
        host = "db-1";
        service = "playback";
      };
    };
  };

  RedisFull = {
    expr = "redis_memory_used_bytes > 0.8 * redis_memory_max_bytes and redis_memory_max_bytes > 0";
    for = "5m";
    severity = "warning";
    summary = "A Redis has less than a fifth of its memory left, and refuses writes when there is none";
    test = {
      at = "8m";
      firing = {
        "redis_memory_used_bytes{host='db-1',service='playback'}" = "950x40";
        "redis_memory_max_bytes{host='db-1',service='playback'}" = "1000x40";
      };
      quiet = {
        "redis_memory_used_bytes{host='db-1',service='playback'}" = "950x40";
        "redis_memory_max_bytes{host='db-1',service='playback'}" = "0x40";
      };
      labels = {
        host = "db-1";
        service = "playback";
      };
    };
  };
}
