# nginx.conf from `services.nginx`, in the order in which upstream writes it.
{ lib, config, ... }:
let
  nginx = config.services.nginx;

  indent =
    depth: text:
    lib.concatStringsSep "" (
      map (line: "${lib.concatMapStrings (_: " ") (lib.range 1 depth)}${line}\n") (
        lib.filter (line: line != "") (lib.splitString "\n" text)
      )
    );
  each = f: set: lib.concatStringsSep "" (lib.mapAttrsToList f set);
  parameter =
    name: value:
    if value == true then
      " ${name}"
    else if value == false then
      ""
    else
      " ${name}=${toString value}";

  cachePath = name: cache: ''
    proxy_cache_path /var/cache/nginx/${name} keys_zone=${cache.keysZoneName}:${cache.keysZoneSize} levels=${cache.levels} use_temp_path=${
      if cache.useTempPath then "on" else "off"
    } inactive=${cache.inactive} max_size=${cache.maxSize};
  '';

  upstream = name: group: ''
    upstream ${name} {
    ${
      indent 2 (
        each (server: parameters: "server ${server}${each parameter parameters};\n") group.servers
        + group.extraConfig
      )
    }}
  '';

  proxyHeaders = ''
    proxy_set_header Host $host;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host $host;
    proxy_set_header X-Forwarded-Server $hostname;
  '';
  location = name: place: ''
    location ${name} {
    ${
      indent 2 (
        lib.optionalString (place.proxyPass != null) "proxy_pass ${place.proxyPass};\n"
        + lib.optionalString (place.return != null) "return ${place.return};\n"
        + place.extraConfig
        + lib.optionalString (place.proxyPass != null && nginx.recommendedProxySettings) proxyHeaders
      )
    }}
  '';

  server = name: host: ''
    ${lib.optionalString host.forceSSL ''
      server {
        listen 0.0.0.0:80${lib.optionalString host.default " default_server"};
        server_name ${name};
        location / { return 301 https://$host$request_uri; }
      }
    ''}server {
      listen 0.0.0.0:${
        if host.forceSSL then "443 ssl" else "80"
      }${lib.optionalString host.default " default_server"};
      server_name ${name};
    ${
      indent 2 (
        lib.optionalString host.forceSSL ''
          http2 on;
          ssl_certificate ${host.sslCertificate};
          ssl_certificate_key ${host.sslCertificateKey};
        ''
        + each location host.locations
        + host.extraConfig
      )
    }}
  '';
in
{
  config.system.build.rendered = lib.optionalAttrs nginx.enable {
    "nginx.conf" = ''
      pid /run/nginx/nginx.pid;
      error_log stderr;
      daemon off;
      events {
      ${indent 2 nginx.eventsConfig}}
      http {
        default_type application/octet-stream;
      ${indent 2 (each upstream nginx.upstreams)}${
        indent 2 (
          lib.optionalString nginx.recommendedTlsSettings ''
            ssl_protocols TLSv1.2 TLSv1.3;
            ssl_session_timeout 1d;
            ssl_session_cache shared:SSL:10m;
            ssl_session_tickets off;
            ssl_prefer_server_ciphers off;
          ''
          + lib.optionalString nginx.recommendedOptimisation ''
            sendfile on;
            tcp_nopush on;
            tcp_nodelay on;
            keepalive_timeout 65;
          ''
          + lib.optionalString nginx.recommendedProxySettings ''
            proxy_redirect off;
            proxy_connect_timeout ${nginx.proxyTimeout};
            proxy_send_timeout ${nginx.proxyTimeout};
            proxy_read_timeout ${nginx.proxyTimeout};
            proxy_http_version 1.1;
            proxy_set_header "Connection" "";
          ''
          + ''
            map $http_upgrade $connection_upgrade {
              default upgrade;
              ${"''"} close;
            }
            client_max_body_size ${nginx.clientMaxBodySize};
            server_tokens off;
          ''
          + nginx.commonHttpConfig
          + each cachePath nginx.proxyCachePath
          + lib.optionalString nginx.statusPage ''
            server {
              listen 127.0.0.1:80;
              server_name localhost;
              location /nginx_status {
                stub_status on;
                access_log off;
                allow 127.0.0.1;
                deny all;
              }
            }
          ''
          + each server nginx.virtualHosts
        )
      }}
      ${nginx.appendConfig}'';
  };
}
