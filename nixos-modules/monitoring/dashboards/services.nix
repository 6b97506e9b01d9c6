# Every service alike: how much it is asked, how often it fails, how long it takes, how full it is.
{
  title = "Services";
  rows = [
    [
      {
        title = "Services that do not answer";
        unit = "short";
        kind = "stat";
        lines."down" = ''count(up{job=~"funkturm-.*"} == 0) or vector(0)'';
      }
      {
        title = "Services that answer";
        unit = "short";
        kind = "stat";
        lines."up" = ''count(up{job=~"funkturm-.*"} == 1)'';
      }
      {
        title = "Channels in the line-up";
        unit = "short";
        kind = "stat";
        lines."channels" = "max(funkturm_channels_channels_count)";
      }
      {
        title = "Events on the bus";
        unit = "cpm";
        kind = "stat";
        lines."events" = "60 * sum(rate(funkturm_channels_events_total[$__rate_interval]))";
      }
    ]
    [
      {
        title = "Rate";
        unit = "reqps";
        lines."{{job}}" = "sum by (job) (rate(funkturm_http_requests_total[$__rate_interval]))";
      }
      {
        title = "Errors of its own";
        unit = "percentunit";
        lines."{{job}}" =
          ''sum by (job) (rate(funkturm_http_requests_total{status="5xx"}[$__rate_interval])) / sum by (job) (rate(funkturm_http_requests_total[$__rate_interval]))'';
      }
      {
        title = "Errors of whoever asks";
        unit = "percentunit";
        lines."{{job}}" =
          ''sum by (job) (rate(funkturm_http_requests_total{status="4xx"}[$__rate_interval])) / sum by (job) (rate(funkturm_http_requests_total[$__rate_interval]))'';
      }
    ]
    [
      {
        title = "Duration, one in a hundred is longer";
        unit = "s";
        what = "Of what viewers ask for; services wait for each other's news on purpose.";
        lines."{{job}}" =
          ''histogram_quantile(0.99, sum by (job, le) (rate(funkturm_http_request_seconds_bucket{route=~"/(api|hls)/.*"}[$__rate_interval])))'';
      }
      {
        title = "Duration, half is longer";
        unit = "s";
        lines."{{job}}" =
          ''histogram_quantile(0.5, sum by (job, le) (rate(funkturm_http_request_seconds_bucket{route=~"/(api|hls)/.*"}[$__rate_interval])))'';
      }
      {
        title = "The slowest routes";
        unit = "s";
        lines."{{route}}" =
          "topk(8, histogram_quantile(0.99, sum by (route, le) (rate(funkturm_http_request_seconds_bucket[$__rate_interval]))))";
      }
    ]
    [
      {
        title = "CPU";
        unit = "short";
        what = "In cores.";
        lines."{{job}} {{host}}" =
          ''rate(process_cpu_seconds_total{job=~"funkturm-.*"}[$__rate_interval])'';
      }
      {
        title = "Memory";
        unit = "bytes";
        lines."{{job}} {{host}}" = ''process_resident_memory_bytes{job=~"funkturm-.*"}'';
      }
      {
        title = "Open files";
        unit = "short";
        lines."{{job}} {{host}}" = ''process_open_fds{job=~"funkturm-.*"}'';
      }
    ]
    [
      {
        title = "Waiting for a connection to PostgreSQL";
        unit = "s";
        lines."{{job}}" =
          ''histogram_quantile(0.99, sum by (job, le) (rate({__name__=~"funkturm_.+_db_acquire_seconds_bucket"}[$__rate_interval])))'';
      }
      {
        title = "Waiting for Redis";
        unit = "s";
        lines."{{job}}" =
          ''histogram_quantile(0.99, sum by (job, le) (rate({__name__=~"funkturm_.+_bus_command_seconds_bucket"}[$__rate_interval])))'';
      }
      {
        title = "Commands to Redis sent again";
        unit = "cps";
        lines."{{job}}" =
          ''sum by (job) (rate({__name__=~"funkturm_.+_bus_repeated_total"}[$__rate_interval]))'';
      }
    ]
  ];
}
