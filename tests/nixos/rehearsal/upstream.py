"""The units that NixOS' own modules bring, which the stand-in for nixpkgs does not know: PostgreSQL, Redis, nginx.

They are written after what those modules do (read in nixpkgs in 2026), as far as ours rely on it; only the VM tests have the real ones.
Files of the host say which of them it has.
"""

from __future__ import annotations

import json
import re
from pathlib import Path


def store_units(files: dict[str, str]) -> dict[str, str]:
    """Units by name."""
    units: dict[str, str] = {}
    if "nginx.conf" in files:
        units["nginx.service"] = nginx()
    if "postgresql/roles" in files:
        units |= postgresql(files)
    for name in files:
        if name.startswith("redis/"):
            service = Path(name).stem
            secret = re.search(r"# password from (\S+)", files[name])
            if not secret:
                raise ValueError(f"{name} does not say where the password is")
            units[f"redis-{service}.service"] = redis(service, secret.group(1))
    return units


def nginx() -> str:
    command = "/usr/sbin/nginx -e stderr -c /etc/nginx/nginx.conf"
    return f"""[Unit]
Description=Nginx Web Server
After=network.target
StartLimitIntervalSec=60

[Service]
ExecStartPre={command} -t -q
ExecStart={command}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=10s
User=nginx
Group=nginx
RuntimeDirectory=nginx
RuntimeDirectoryMode=0750
CacheDirectory=nginx
CacheDirectoryMode=0750
LogsDirectory=nginx
LogsDirectoryMode=0750
UMask=0027
CapabilityBoundingSet=CAP_NET_BIND_SERVICE CAP_SYS_RESOURCE
AmbientCapabilities=CAP_NET_BIND_SERVICE CAP_SYS_RESOURCE
NoNewPrivileges=true
ProtectSystem=strict
ProtectHome=true
PrivateTmp=true
PrivateDevices=true
ProtectHostname=true
ProtectClock=true
ProtectKernelTunables=true
ProtectKernelModules=true
ProtectKernelLogs=true
ProtectControlGroups=true
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=true
LockPersonality=true
MemoryDenyWriteExecute=true
RestrictRealtime=true
RestrictSUIDSGID=true
RemoveIPC=true
PrivateMounts=true
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
"""


def postgresql(files: dict[str, str]) -> dict[str, str]:
    data = "/var/lib/postgresql/17"
    programs = "/nix/store/postgresql_17/bin"
    statements = []
    for role, clauses in (line.split(" ", 1) for line in files["postgresql/roles"].splitlines()):
        statements.append(f"""psql -tAc "SELECT 1 FROM pg_roles WHERE rolname='{role}'" | grep -q 1 || psql -c 'CREATE ROLE "{role}" LOGIN'""")
        statements += [f"""psql -c 'ALTER ROLE "{role}" {clause}'""" for clause, on in json.loads(clauses).items() if on]
    for database in files["postgresql/databases"].split():
        statements.append(f"""psql -tAc "SELECT 1 FROM pg_database WHERE datname='{database}'" | grep -q 1 || createdb {database}""")
        statements.append(f"""psql -c 'ALTER DATABASE "{database}" OWNER TO "{database}"'""")
    files["scripts/rehearsal-postgresql-setup"] = "#!/bin/bash\nset -euo pipefail\n" + "\n".join(statements) + "\n"
    files["scripts/rehearsal-postgresql-prepare"] = (
        f"#!/bin/bash\nset -euo pipefail\n[ -e {data}/PG_VERSION ] || initdb --pgdata={data} --no-sync -U postgres --auth=peer\n"
        f"cp /etc/postgresql/postgresql.conf /etc/postgresql/pg_hba.conf {data}/\n"
    )
    # Ours come first, then those of upstream's module.
    files["postgresql/pg_hba.conf"] += "\nlocal all all peer\nhost all all 127.0.0.1/32 scram-sha-256\n"
    files["postgresql/postgresql.conf"] = "listen_addresses = '*'\nunix_socket_directories = '/run/postgresql'\n" + files["postgresql/postgresql.conf"]
    usual = f"User=postgres\nGroup=postgres\nEnvironment=PGDATA={data} PATH={programs}:/usr/bin\n"
    return {
        "postgresql.service": f"""[Unit]
Description=PostgreSQL Server
After=network.target

[Service]
Type=notify
{usual}RuntimeDirectory=postgresql
StateDirectory=postgresql postgresql/17
StateDirectoryMode=0750
ExecStartPre=/nix/store/rehearsal-postgresql-prepare
ExecStart={programs}/postgres
KillSignal=SIGINT
KillMode=mixed
TimeoutSec=120
NoNewPrivileges=true
ProtectSystem=strict
ProtectHome=true
PrivateTmp=true

[Install]
WantedBy=multi-user.target
""",
        "postgresql-setup.service": f"""[Unit]
Description=PostgreSQL Setup Scripts
Requires=postgresql.service
After=postgresql.service

[Service]
Type=oneshot
RemainAfterExit=true
{usual}ExecStart=/nix/store/rehearsal-postgresql-setup
Restart=on-failure

[Install]
RequiredBy=postgresql.target
""",
        "postgresql.target": """[Unit]
Description=PostgreSQL
Requires=postgresql.service postgresql-setup.service
After=postgresql.service postgresql-setup.service

[Install]
WantedBy=multi-user.target
""",
    }


def redis(name: str, secret: str) -> str:
    prepare = (
        f"cat /etc/redis/{name}.conf > /run/redis-{name}/redis.conf; "
        f'echo "requirepass $(cat {secret})" >> /run/redis-{name}/redis.conf; '
        f"chown redis-{name} /run/redis-{name}/redis.conf"
    )
    return f"""[Unit]
Description=Redis Server - redis-{name}
After=network.target

[Service]
Type=notify
User=redis-{name}
Group=redis-{name}
RuntimeDirectory=redis-{name}
RuntimeDirectoryMode=0750
StateDirectory=redis-{name}
StateDirectoryMode=0700
UMask=0077
ExecStartPre=+/bin/bash -c '{prepare}'
ExecStart=/usr/bin/redis-server /run/redis-{name}/redis.conf --supervised systemd --daemonize no --dir /var/lib/redis-{name}
Restart=always
NoNewPrivileges=true
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=true
PrivateTmp=true
PrivateDevices=true
PrivateUsers=true
ProtectHostname=true
ProtectKernelTunables=true
ProtectKernelModules=true
ProtectControlGroups=true
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=true
LockPersonality=true
MemoryDenyWriteExecute=true
RestrictRealtime=true
RestrictSUIDSGID=true
PrivateMounts=true
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
"""
