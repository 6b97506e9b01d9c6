# nginx before the services of the api role: TLS, routes from the catalogue, rate limits, and a cache for /hls.
{ lib, config, ... }:
let
  inherit (lib) mkOption types;
  inherit (config.funkturm) edge;
  fleet = import ./lib/fleet.nix { inherit lib config; };
  secrets = import ./lib/secrets.nix { inherit config; };
  services = lib.filterAttrs (_: row: row.routes != [ ]) fleet.catalogue.services;

  # This host's own instance; the other hosts' when it does not answer.
  upstream = _: row: {
    servers = lib.listToAttrs (
      map (
        host:
        lib.nameValuePair "${host.address}:${toString row.port}" {
          max_fails = 2;
          fail_timeout = "2s";
          backup = host.name != fleet.self.name;
        }
      ) (fleet.ofRole row.role)
    );
    extraConfig = ''
      keepalive 64;
    '';
  };

  # Said in each place: what a place says about headers replaces what the whole server says. Without it, a connection is for one request.
  keepConnection = ''
    proxy_set_header Connection "";
  '';

  # An origin that has just begun has nothing yet, and says 404: another one is asked. Any of them can answer anything.
  askOthers = ''
    proxy_next_upstream error timeout http_502 http_503 http_404;
  '';

  # The token of a link for another player is in these paths, and lives for years: no log has them, not that of errors either.
  secretPath = ''
    access_log off;
    error_log stderr crit;
  '';

  # What ends with a slash is not for the path without it: /tv is a page of the web app. nginx by itself would send it to /tv/.
  exact = lib.listToAttrs (
    map
      (
        route:
        lib.nameValuePair "= ${builtins.substring 0 (builtins.stringLength route - 1) route}" {
          proxyPass = "http://web";
          extraConfig = keepConnection;
        }
      )
      (
        lib.filter (route: route != "/" && lib.hasSuffix "/" route) (
          lib.concatMap (row: row.routes) (lib.attrValues services)
        )
      )
  );

  # nginx takes the longest of the prefixes that fit, as the catalogue says.
  routes = lib.concatMapAttrs (
    name: row:
    lib.listToAttrs (
      map (
        route:
        lib.nameValuePair route {
          proxyPass = "http://${name}";
          extraConfig =
            keepConnection
            + lib.optionalString (route == "/tv/") secretPath
            + lib.optionalString (name == "origin") (
              askOthers
              + ''
                # Tokens are in these paths.
                access_log off;
              ''
            )
            +
              lib.optionalString
                (lib.any (door: lib.hasPrefix door route) [
                  "/api/"
                  "/admin/"
                  "/tv/"
                ])
                ''
                  limit_req zone=clients burst=${toString (edge.requestsPerSecond * 2)} nodelay;
                '';
        }
      ) row.routes
    )
  ) services;

  # One set of segments serves everyone, so what is cached is cached without the token. Every request has its token checked all the same,
  # by asking the origin about the very path that was asked for: what its answer depends on (channel, HD, segments, a session that was
  # ended a second ago) is nothing that a cache of answers could know. Only what is spelt in plain letters goes this way, so that the
  # question is about that path and no other; the rest the origin answers. docs/decisions/0011-playback-tokens.md
  media = {
    "~ ^/hls/(?<token>[A-Za-z0-9._~-]+)/(?<media>[A-Za-z0-9._~-]+/[A-Za-z0-9._~/-]+)$" = {
      proxyPass = "http://origin";
      extraConfig =
        keepConnection
        + askOthers
        + ''
          auth_request /internal/token;
          # One path may have several answers: the playlist with and without HD.
          auth_request_set $variant $upstream_http_x_media_variant;
          # A line for each segment would fill disks, and say who watches what.
          access_log off;
          proxy_cache media;
          proxy_cache_key $media$is_args$args#$variant;
          proxy_cache_lock on;
          proxy_cache_use_stale error timeout updating http_502 http_503;
          proxy_cache_background_update on;
        '';
    };
    "= /internal/token" = {
      proxyPass = "http://origin/hls-check/$token/$media";
      extraConfig =
        keepConnection
        + askOthers
        + ''
          # `internal` would say 404 to whoever asks from outside, which becomes a 403 below.
          if ($token = "") {
            return 403;
          }
          proxy_pass_request_body off;
          proxy_set_header Content-Length "";
          # No origin knows what this is, so none can say that this token may have it.
          proxy_intercept_errors on;
          error_page 404 =403 /internal/nothing;
        '';
    };
    "= /internal/nothing" = {
      return = "403";
      extraConfig = ''
        internal;
      '';
    };
  };
in
{
  options.funkturm.edge = {
    enable = lib.mkEnableOption "nginx before the services";
    requestsPerSecond = mkOption {
      type = types.ints.positive;
      # A hotel is one address; a player asks the API for something every few seconds.
      default = 100;
      description = "How many requests to the API one address may make, each second.";
    };
    cacheSize = mkOption {
      type = types.str;
      default = "20g";
      description = "How much of /hls is kept on disk.";
    };
  };

  config = lib.mkIf edge.enable {
    funkturm.firewall.doors = {
      https = {
        port = 443;
        networks = [ "0.0.0.0/0" ];
      };
      http = {
        port = 80;
        networks = [ "0.0.0.0/0" ];
      };
    };

    # nginx runs as its own user, who cannot read the files of root.
    systemd.services.nginx.serviceConfig.LoadCredential = secrets.load [
      "tls-certificate"
      "tls-key"
    ];

    services.nginx = {
      enable = true;
      recommendedOptimisation = true;
      recommendedProxySettings = true;
      recommendedTlsSettings = true;
      proxyTimeout = "30s";
      # The largest thing that is uploaded is a logo.
      clientMaxBodySize = "8m";
      eventsConfig = ''
        worker_connections 16384;
      '';
      appendConfig = ''
        worker_processes auto;
        worker_rlimit_nofile 65536;
      '';
      commonHttpConfig = ''
        # Where tokens are in the path there is no line, not from the server on port 80 either, which knows no places but this one.
        map $uri $is_logged {
          default 1;
          "~^/(tv|hls)/" 0;
        }
        access_log /var/log/nginx/access.log combined if=$is_logged;
        limit_req_zone $binary_remote_addr zone=clients:10m rate=${toString edge.requestsPerSecond}r/s;
        limit_req_status 429;
        proxy_next_upstream error timeout http_502 http_503;
        proxy_next_upstream_tries 3;
      '';
      proxyCachePath = {
        media = {
          enable = true;
          keysZoneName = "media";
          keysZoneSize = "64m";
          maxSize = edge.cacheSize;
          inactive = "30m";
          useTempPath = false;
        };
      };
      upstreams = lib.mapAttrs upstream services;
      virtualHosts.${config.funkturm.fleet.publicName} = {
        default = true;
        forceSSL = true;
        sslCertificate = secrets.path "nginx" "tls-certificate";
        sslCertificateKey = secrets.path "nginx" "tls-key";
        locations =
          routes
          // exact
          // media
          // {
            # What services say to each other is not for the world.
            "/internal/".return = "404";
          };
        extraConfig = ''
          # Inside the fleet: whoever does not answer at once is down.
          proxy_connect_timeout 1s;
          add_header X-Cache $upstream_cache_status;
          add_header Strict-Transport-Security "max-age=31536000" always;
        '';
      };
    };
  };
}
