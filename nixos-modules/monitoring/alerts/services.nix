# Whether the services do what they are asked, in time.
{
  ServiceDown = {
    expr = ''up{job=~"funkturm-.*"} == 0'';
    for = "1m";
    severity = "critical";
    summary = "A service does not answer on its admin port";
    test = {
      at = "3m";
      firing."up{job='funkturm-origin',host='api-1'}" = "0x20";
      quiet."up{job='funkturm-origin',host='api-1'}" = "0x2 1x20";
      labels = {
        job = "funkturm-origin";
        host = "api-1";
      };
    };
  };

  ServiceRestarts = {
    expr = ''changes(process_start_time_seconds{job=~"funkturm-.*"}[15m]) > 2'';
    severity = "warning";
    summary = "A service has ended more than twice in a quarter of an hour";
    test = {
      at = "10m";
      firing."process_start_time_seconds{job='funkturm-ingest',host='a'}" = "0+60x60";
      quiet."process_start_time_seconds{job='funkturm-ingest',host='a'}" = "0x20 300x40";
      labels = {
        job = "funkturm-ingest";
        host = "a";
      };
    };
  };

  ServiceErrors = {
    expr = ''
      sum by (job, host) (rate(funkturm_http_requests_total{status="5xx"}[5m]))
      > 0.02 * sum by (job, host) (rate(funkturm_http_requests_total[5m]))'';
    for = "3m";
    severity = "critical";
    summary = "A service answers more than two in a hundred requests with an error of its own";
    test = {
      at = "10m";
      firing = {
        "funkturm_http_requests_total{job='funkturm-playback',host='api-1',status='2xx'}" = "0+90x60";
        "funkturm_http_requests_total{job='funkturm-playback',host='api-1',status='5xx'}" = "0+10x60";
      };
      quiet = {
        "funkturm_http_requests_total{job='funkturm-playback',host='api-1',status='2xx'}" = "0+99x60";
        "funkturm_http_requests_total{job='funkturm-playback',host='api-1',status='5xx'}" = "0+1x60";
        "funkturm_http_requests_total{job='funkturm-playback',host='api-1',status='4xx'}" = "0+50x60";
      };
      labels = {
        job = "funkturm-playback";
        host = "api-1";
      };
    };
  };

  OutboxRefused = {
    expr = ''max by (job, receiver) ({__name__=~"funkturm_.+_outbox_dead_count"}) > 0'';
    severity = "warning";
    summary = "Another service refused for good what it was told; the message is in the table outbox, with why";
    test = {
      at = "5m";
      firing."funkturm_accounts_outbox_dead_count{job='funkturm-accounts',host='api-1',receiver='rights'}" =
        "0x2 1x20";
      quiet."funkturm_accounts_outbox_dead_count{job='funkturm-accounts',host='api-1',receiver='rights'}" =
        "0x20";
      labels = {
        job = "funkturm-accounts";
        receiver = "rights";
      };
    };
  };

  # One mail may wait because its receiver puts it off; that nothing goes out any more is something else.
  MailStands = {
    expr = ''
      max by (job) (funkturm_notify_oldest_waiting_seconds) > 600
      unless sum by (job) (increase(funkturm_notify_mails_total{outcome="sent"}[10m])) > 0'';
    for = "2m";
    severity = "critical";
    summary = "Mail has waited for ten minutes, and none goes out";
    test = {
      at = "15m";
      firing = {
        "funkturm_notify_oldest_waiting_seconds{job='funkturm-notify',host='api-1'}" = "700x40";
        "funkturm_notify_mails_total{job='funkturm-notify',host='api-1',outcome='sent'}" = "5x40";
      };
      quiet = {
        "funkturm_notify_oldest_waiting_seconds{job='funkturm-notify',host='api-1'}" = "700x40";
        "funkturm_notify_mails_total{job='funkturm-notify',host='api-1',outcome='sent'}" = "0+5x40";
      };
      labels.job = "funkturm-notify";
    };
  };

  MailRefused = {
    expr = ''
      sum by (job) (increase(funkturm_notify_mails_total{outcome="dead"}[1h]))
      > (0.1 * sum by (job) (increase(funkturm_notify_mails_total[1h])) > 1)'';
    for = "5m";
    severity = "warning";
    summary = "More than one in ten mails is refused or too late";
    test = {
      at = "40m";
      firing = {
        "funkturm_notify_mails_total{job='funkturm-notify',host='api-1',outcome='dead'}" = "0+2x80";
        "funkturm_notify_mails_total{job='funkturm-notify',host='api-1',outcome='sent'}" = "0+5x80";
      };
      quiet = {
        "funkturm_notify_mails_total{job='funkturm-notify',host='api-1',outcome='dead'}" = "0+1x80";
        "funkturm_notify_mails_total{job='funkturm-notify',host='api-1',outcome='sent'}" = "0+50x80";
      };
      labels.job = "funkturm-notify";
    };
  };

  # Services wait for each other's news on purpose: what is slow for viewers is under /api and /hls.
  ServiceSlow = {
    expr = ''
      histogram_quantile(
        0.99, sum by (job, host, le) (rate(funkturm_http_request_seconds_bucket{route=~"/(api|hls)/.*",method="GET"}[5m]))
      ) > 1'';
    for = "10m";
    severity = "warning";
    summary = "One in a hundred viewers' requests to a service takes longer than a second";
    test = {
      at = "20m";
      firing = {
        "funkturm_http_request_seconds_bucket{job='funkturm-channels',host='api-1',route='/api/v1/channels',method='GET',le='1'}" =
          "0+50x100";
        "funkturm_http_request_seconds_bucket{job='funkturm-channels',host='api-1',route='/api/v1/channels',method='GET',le='5'}" =
          "0+100x100";
        "funkturm_http_request_seconds_bucket{job='funkturm-channels',host='api-1',route='/api/v1/channels',method='GET',le='+Inf'}" =
          "0+100x100";
      };
      quiet = {
        "funkturm_http_request_seconds_bucket{job='funkturm-channels',host='api-1',route='/api/v1/channels',method='GET',le='0.2'}" =
          "0+100x100";
        "funkturm_http_request_seconds_bucket{job='funkturm-channels',host='api-1',route='/api/v1/channels',method='GET',le='+Inf'}" =
          "0+100x100";
        "funkturm_http_request_seconds_bucket{job='funkturm-channels',host='api-1',route='/internal/v1/line-up',method='GET',le='30'}" =
          "0+100x100";
        "funkturm_http_request_seconds_bucket{job='funkturm-channels',host='api-1',route='/internal/v1/line-up',method='GET',le='+Inf'}" =
          "0+100x100";
      };
      labels = {
        job = "funkturm-channels";
        host = "api-1";
      };
    };
  };

  DatabaseUnreachable = {
    expr = ''sum by (job, host) (rate({__name__=~"funkturm_.+_db_acquire_seconds_count",outcome="failed"}[2m])) > 0'';
    for = "1m";
    severity = "critical";
    summary = "A service gets no connection to its PostgreSQL";
    test = {
      at = "5m";
      firing."funkturm_channels_db_acquire_seconds_count{job='funkturm-channels',host='api-1',outcome='failed'}" =
        "0+1x40";
      quiet."funkturm_channels_db_acquire_seconds_count{job='funkturm-channels',host='api-1',outcome='ok'}" =
        "0+1x40";
      labels = {
        job = "funkturm-channels";
        host = "api-1";
      };
    };
  };

  BusUnreachable = {
    expr = ''sum by (job, host) (rate({__name__=~"funkturm_.+_bus_command_seconds_count",outcome="failed"}[2m])) > 0'';
    for = "1m";
    severity = "critical";
    summary = "A service's commands to its Redis fail";
    test = {
      at = "5m";
      firing."funkturm_transcode_bus_command_seconds_count{job='funkturm-transcode',host='t',outcome='failed'}" =
        "0+1x40";
      quiet."funkturm_transcode_bus_command_seconds_count{job='funkturm-transcode',host='t',outcome='ok'}" =
        "0+1x40";
      labels = {
        job = "funkturm-transcode";
        host = "t";
      };
    };
  };

  SessionsUnrecorded = {
    expr = "sum(increase(funkturm_playback_sessions_unrecorded_total[5m])) > 0";
    severity = "warning";
    summary = "Viewers are let in without their session being noted, because Redis is away";
    test = {
      at = "6m";
      firing."funkturm_playback_sessions_unrecorded_total{host='api-1'}" = "0+2x40";
      quiet."funkturm_playback_sessions_unrecorded_total{host='api-1'}" = "2x40";
      labels = { };
    };
  };

  RevocationsUnknown = {
    expr = "funkturm_origin_revocations_unknown_seconds > 30";
    severity = "warning";
    summary = "An origin does not know which playback sessions were ended";
    test = {
      at = "2m";
      firing."funkturm_origin_revocations_unknown_seconds{host='api-1'}" = "0+15x20";
      quiet."funkturm_origin_revocations_unknown_seconds{host='api-1'}" = "0+2x20";
      labels.host = "api-1";
    };
  };

  EdgeDown = {
    expr = ''nginx_up == 0 or up{job="nginx"} == 0'';
    for = "1m";
    severity = "critical";
    summary = "nginx does not answer on an api host";
    test = {
      at = "3m";
      firing."nginx_up{job='nginx',host='api-1'}" = "0x20";
      quiet = {
        "nginx_up{job='nginx',host='api-1'}" = "1x20";
        "up{job='nginx',host='api-1'}" = "1x20";
      };
      labels = {
        job = "nginx";
        host = "api-1";
      };
    };
  };
}
