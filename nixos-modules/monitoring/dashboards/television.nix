# Television, from the inputs to the viewers.
{
  title = "Television";
  rows = [
    [
      {
        title = "Channels on air";
        unit = "short";
        kind = "stat";
        lines."on air" = "count(max by (channel) (funkturm_ingest_input_active) == 1)";
      }
      {
        title = "Channels off air";
        unit = "short";
        kind = "stat";
        lines."off air" = "count(max by (channel) (funkturm_ingest_input_active) == 0) or vector(0)";
      }
      {
        title = "Inputs down";
        unit = "short";
        kind = "stat";
        lines."down" = "count(max by (channel, preference) (funkturm_ingest_input_up) == 0) or vector(0)";
      }
      {
        title = "Channels that break the rules";
        unit = "short";
        kind = "stat";
        what = "Played as a viewer would, every ten minutes; -1 breaches stand for a channel that could not be played.";
        lines."breaking" = "count(max by (channel) (funkturm_probe_breaches) != 0) or vector(0)";
      }
      {
        title = "Segments asked for";
        unit = "reqps";
        kind = "stat";
        lines."segments" = ''sum(rate(funkturm_origin_requests_total{kind="segment"}[$__rate_interval]))'';
      }
      {
        title = "Sessions opened";
        unit = "cpm";
        kind = "stat";
        lines."opened" = "60 * sum(rate(funkturm_playback_sessions_opened_total[$__rate_interval]))";
      }
    ]
    [
      {
        title = "Bitrate of the inputs on air";
        unit = "bps";
        lines."{{channel}}" =
          "max by (channel) (funkturm_ingest_input_bitrate_bits * (funkturm_ingest_input_active == 1))";
      }
      {
        title = "Lost and broken packets";
        unit = "pps";
        lines = {
          "{{channel}} {{preference}} lost" =
            "max by (channel, preference) (rate(funkturm_ingest_input_continuity_errors_total[$__rate_interval]))";
          "{{channel}} {{preference}} broken" =
            "max by (channel, preference) (rate(funkturm_ingest_input_transport_errors_total[$__rate_interval]))";
          "{{channel}} {{preference}} RTP" =
            "max by (channel, preference) (rate(funkturm_ingest_input_rtp_lost_total[$__rate_interval]))";
        };
      }
      {
        title = "Jitter of the clock in the stream";
        unit = "µs";
        lines."{{channel}} {{preference}}" =
          "max by (channel, preference) (funkturm_ingest_input_pcr_jitter_microseconds)";
      }
    ]
    [
      {
        title = "Breaks";
        unit = "cpm";
        what = "Unbroken runs of input that begin: each is a discontinuity for viewers.";
        lines."{{channel}}" =
          "60 * sum by (channel) (rate(funkturm_ingest_input_epochs_total[$__rate_interval]))";
      }
      {
        title = "Transcoders that read";
        unit = "short";
        lines."{{channel}}" = "sum by (channel) (funkturm_ingest_readers)";
      }
      {
        title = "Transcoders cut off";
        unit = "cpm";
        what = "They did not keep up with the input.";
        lines."{{channel}}" =
          "60 * sum by (channel) (rate(funkturm_ingest_readers_cut_off_total[$__rate_interval]))";
      }
    ]
    [
      {
        title = "Segments that reach the origins";
        unit = "wps";
        lines."{{host}} {{result}}" =
          "sum by (host, result) (rate(funkturm_origin_pushes_total[$__rate_interval]))";
      }
      {
        title = "Channels at the origins";
        unit = "short";
        lines."{{host}}" = "funkturm_origin_channels";
      }
      {
        title = "Segments in memory";
        unit = "bytes";
        lines."{{host}}" = "funkturm_origin_segment_bytes";
      }
    ]
    [
      {
        title = "What players ask for";
        unit = "reqps";
        lines."{{kind}}" = "sum by (kind) (rate(funkturm_origin_requests_total[$__rate_interval]))";
      }
      {
        title = "Asked for and not there";
        unit = "percentunit";
        lines."{{host}}" =
          ''sum by (host) (rate(funkturm_origin_requests_total{kind="missing"}[$__rate_interval])) / sum by (host) (rate(funkturm_origin_requests_total[$__rate_interval]))'';
      }
      {
        title = "Connections at the edge";
        unit = "short";
        lines."{{host}}" = "nginx_connections_active";
      }
    ]
  ];
}
