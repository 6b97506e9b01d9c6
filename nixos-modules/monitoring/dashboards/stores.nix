# PostgreSQL, its copies and backups, and Redis.
{
  title = "Stores";
  rows = [
    [
      {
        title = "PostgreSQL servers that answer";
        unit = "short";
        kind = "stat";
        lines."up" = "count(pg_up == 1)";
      }
      {
        title = "Replicas that follow";
        unit = "short";
        kind = "stat";
        lines."{{cluster}}" = "count by (cluster) (pg_stat_replication_pg_wal_lsn_diff)";
      }
      {
        title = "Age of the last backup";
        unit = "s";
        kind = "stat";
        lines."{{host}}" = "time() - max by (host) (funkturm_backup_last_timestamp_seconds)";
      }
      {
        title = "Redis servers that answer";
        unit = "short";
        kind = "stat";
        lines."up" = "count(redis_up == 1)";
      }
    ]
    [
      {
        title = "Transactions";
        unit = "ops";
        lines."{{host}} {{datname}}" =
          "sum by (host, datname) (rate(pg_stat_database_xact_commit[$__rate_interval]))";
      }
      {
        title = "Transactions undone";
        unit = "ops";
        lines."{{host}} {{datname}}" =
          "sum by (host, datname) (rate(pg_stat_database_xact_rollback[$__rate_interval]))";
      }
      {
        title = "Connections";
        unit = "short";
        lines = {
          "{{host}}" = "sum by (host) (pg_stat_database_numbackends)";
          "{{host}} at most" = "max by (host) (pg_settings_max_connections)";
        };
      }
    ]
    [
      {
        title = "How far replicas are behind";
        unit = "s";
        lines."{{host}}" = "pg_replication_lag_seconds and pg_replication_is_replica == 1";
      }
      {
        title = "What replicas have still to get";
        unit = "bytes";
        lines."{{host}} {{application_name}}" = "pg_stat_replication_pg_wal_lsn_diff";
      }
      {
        title = "Size";
        unit = "bytes";
        lines."{{host}} {{datname}}" = "pg_database_size_bytes";
      }
    ]
    [
      {
        title = "Redis: memory";
        unit = "percentunit";
        lines."{{service}}" = "redis_memory_used_bytes / redis_memory_max_bytes";
      }
      {
        title = "Redis: commands";
        unit = "ops";
        lines."{{service}}" = "rate(redis_commands_processed_total[$__rate_interval])";
      }
      {
        title = "Redis: clients";
        unit = "short";
        lines."{{service}}" = "redis_connected_clients";
      }
    ]
  ];
}
