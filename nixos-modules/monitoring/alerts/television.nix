# What viewers notice, or would if one more thing broke.
{
  ChannelOffAir = {
    expr = "max by (channel) (funkturm_ingest_input_active) == 0";
    for = "30s";
    severity = "critical";
    summary = "No input of a channel delivers";
    test = {
      at = "2m";
      firing = {
        "funkturm_ingest_input_active{channel='one',preference='1',host='a'}" = "0x20";
        "funkturm_ingest_input_active{channel='one',preference='2',host='a'}" = "0x20";
      };
      quiet = {
        "funkturm_ingest_input_active{channel='one',preference='1',host='a'}" = "0x20";
        "funkturm_ingest_input_active{channel='one',preference='2',host='a'}" = "1x20";
      };
      labels.channel = "one";
    };
  };

  InputDown = {
    expr = "max by (channel, preference) (funkturm_ingest_input_up) == 0";
    for = "2m";
    severity = "warning";
    summary = "An input delivers on no host, so that a channel has one less to fall back on";
    test = {
      at = "3m";
      firing."funkturm_ingest_input_up{channel='one',preference='2',host='a'}" = "0x20";
      quiet = {
        "funkturm_ingest_input_up{channel='one',preference='2',host='a'}" = "0x20";
        "funkturm_ingest_input_up{channel='one',preference='2',host='b'}" = "1x20";
      };
      labels = {
        channel = "one";
        preference = "2";
      };
    };
  };

  # Radio has never had a picture: its moment is 0.
  PictureStands = {
    expr = ''
      time() - (max by (channel) (funkturm_ingest_input_last_picture_timestamp_seconds) > 0) > 15
      and on (channel) max by (channel) (funkturm_ingest_input_active) == 1'';
    for = "30s";
    severity = "critical";
    summary = "A channel is on air without pictures";
    test = {
      at = "5m";
      firing = {
        "funkturm_ingest_input_last_picture_timestamp_seconds{channel='one',preference='1',host='a'}" =
          "100x20";
        "funkturm_ingest_input_active{channel='one',preference='1',host='a'}" = "1x20";
      };
      quiet = {
        "funkturm_ingest_input_last_picture_timestamp_seconds{channel='one',preference='1',host='a'}" =
          "0+15x20";
        "funkturm_ingest_input_active{channel='one',preference='1',host='a'}" = "1x20";
        "funkturm_ingest_input_last_picture_timestamp_seconds{channel='radio',preference='1',host='a'}" =
          "0x20";
        "funkturm_ingest_input_active{channel='radio',preference='1',host='a'}" = "1x20";
      };
      labels.channel = "one";
    };
  };

  InputDamaged = {
    expr = ''
      max by (channel, preference) (
        rate(funkturm_ingest_input_continuity_errors_total[5m]) + rate(funkturm_ingest_input_transport_errors_total[5m])
      ) > 0.2'';
    for = "5m";
    severity = "warning";
    summary = "An input loses packets, more than one in five seconds";
    test = {
      at = "12m";
      firing = {
        "funkturm_ingest_input_continuity_errors_total{channel='one',preference='1',host='a'}" = "0+6x60";
        "funkturm_ingest_input_transport_errors_total{channel='one',preference='1',host='a'}" = "0x60";
      };
      quiet = {
        "funkturm_ingest_input_continuity_errors_total{channel='one',preference='1',host='a'}" = "0+1x60";
        "funkturm_ingest_input_transport_errors_total{channel='one',preference='1',host='a'}" = "0x60";
      };
      labels = {
        channel = "one";
        preference = "1";
      };
    };
  };

  TranscoderTooSlow = {
    expr = "sum by (channel) (increase(funkturm_ingest_readers_cut_off_total[10m])) > 3";
    severity = "warning";
    summary = "Transcoders of a channel do not keep up with its input";
    test = {
      at = "10m";
      firing."funkturm_ingest_readers_cut_off_total{channel='one',host='a'}" = "0+1x60";
      quiet."funkturm_ingest_readers_cut_off_total{channel='one',host='a'}" = "7x60";
      labels.channel = "one";
    };
  };

  OriginLacksChannels = {
    expr = ''
      funkturm_origin_channels
      < on () group_left () count(max by (channel) (funkturm_ingest_input_active) == 1)'';
    for = "2m";
    severity = "critical";
    summary = "An origin has fewer channels than are on air";
    test = {
      at = "4m";
      firing = {
        "funkturm_origin_channels{host='api-1'}" = "1x20";
        "funkturm_ingest_input_active{channel='one',preference='1',host='a'}" = "1x20";
        "funkturm_ingest_input_active{channel='two',preference='1',host='a'}" = "1x20";
      };
      quiet = {
        "funkturm_origin_channels{host='api-1'}" = "1x20";
        "funkturm_ingest_input_active{channel='one',preference='1',host='a'}" = "1x20";
        "funkturm_ingest_input_active{channel='two',preference='1',host='a'}" = "0x20";
      };
      labels.host = "api-1";
    };
  };

  NoNewSegments = {
    expr = ''
      sum by (host) (rate(funkturm_origin_pushes_total[1m])) == 0
      and on () count(funkturm_ingest_input_active == 1) > 0'';
    for = "30s";
    severity = "critical";
    summary = "An origin gets no segments, although there is television";
    test = {
      at = "3m";
      firing = {
        "funkturm_origin_pushes_total{host='api-1',result='new'}" = "9x20";
        "funkturm_ingest_input_active{channel='one',preference='1',host='a'}" = "1x20";
      };
      quiet = {
        "funkturm_origin_pushes_total{host='api-1',result='new'}" = "9+5x20";
        "funkturm_ingest_input_active{channel='one',preference='1',host='a'}" = "1x20";
      };
      labels.host = "api-1";
    };
  };

  SegmentsLate = {
    expr = ''
      sum by (host) (rate(funkturm_origin_pushes_total{result="late"}[5m]))
      > 0.01 * sum by (host) (rate(funkturm_origin_pushes_total[5m]))'';
    for = "5m";
    severity = "warning";
    summary = "More than one in a hundred segments comes to an origin too late";
    test = {
      at = "12m";
      firing = {
        "funkturm_origin_pushes_total{host='api-1',result='new'}" = "0+50x60";
        "funkturm_origin_pushes_total{host='api-1',result='late'}" = "0+1x60";
      };
      quiet = {
        "funkturm_origin_pushes_total{host='api-1',result='new'}" = "0+200x60";
        "funkturm_origin_pushes_total{host='api-1',result='late'}" = "0+1x60";
      };
      labels.host = "api-1";
    };
  };

  OriginOutOfMemory = {
    expr = "increase(funkturm_origin_broken_promises_total[5m]) > 0";
    severity = "critical";
    summary = "An origin gives up segments that players may still want";
    test = {
      at = "6m";
      firing."funkturm_origin_broken_promises_total{host='api-1'}" = "0+1x60";
      quiet."funkturm_origin_broken_promises_total{host='api-1'}" = "4x60";
      labels.host = "api-1";
    };
  };

  PlayersMissMedia = {
    expr = ''
      sum by (host) (rate(funkturm_origin_requests_total{kind="missing"}[5m]))
      > 0.02 * sum by (host) (rate(funkturm_origin_requests_total[5m]))'';
    for = "5m";
    severity = "warning";
    summary = "Players ask an origin for what it does not have, more than twice in a hundred times";
    test = {
      at = "12m";
      firing = {
        "funkturm_origin_requests_total{host='api-1',kind='segment'}" = "0+100x60";
        "funkturm_origin_requests_total{host='api-1',kind='missing'}" = "0+5x60";
      };
      quiet = {
        "funkturm_origin_requests_total{host='api-1',kind='segment'}" = "0+100x60";
        "funkturm_origin_requests_total{host='api-1',kind='missing'}" = "0+1x60";
      };
      labels.host = "api-1";
    };
  };

  ProbeFails = {
    expr = "max by (channel) (funkturm_probe_breaches != 0)";
    for = "25m";
    severity = "critical";
    summary = "A channel, played as a viewer would, broke the rules twice running";
    test = {
      at = "40m";
      firing."funkturm_probe_breaches{channel='one',host='m'}" = "3x200";
      quiet."funkturm_probe_breaches{channel='one',host='m'}" = "3x40 0x160";
      labels.channel = "one";
    };
  };

  ProbeStands = {
    expr = "time() - max(funkturm_probe_last_run_timestamp_seconds) > 3600";
    severity = "warning";
    summary = "For an hour nothing has been played as a viewer would";
    test = {
      at = "1m";
      # Before 1970, which it is in tests.
      firing."funkturm_probe_last_run_timestamp_seconds{host='m'}" = "-3600x10";
      quiet."funkturm_probe_last_run_timestamp_seconds{host='m'}" = "-3000x10";
      labels = { };
    };
  };
}
