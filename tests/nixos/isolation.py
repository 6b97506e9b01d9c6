start_all()
all_up([db1, ingest1, transcode1, api1, monitoring1, stranger, client, source])

fleet = {host.name: host for host in (ingest1, transcode1, api1, db1, monitoring1, stranger)}
place = {name: address_on(host, 2) for name, host in fleet.items()}

# By which hosts each port of each host is reached, by nobody else, and by itself.
admin = {"api1": (9101, 9102, 9103, 9104), "ingest1": (9105,), "transcode1": (9106,)}
doors: dict[tuple[str, int], set[str]] = {
    ("db1", 5432): {"api1"},
    ("db1", 18101): {"api1"},
    ("db1", 18102): {"api1"},
    ("db1", 18106): {"transcode1"},
    ("api1", 8101): {"ingest1", "transcode1"},
    ("api1", 8102): set(),
    ("api1", 8103): {"transcode1"},
    ("api1", 8104): set(),
    ("api1", 443): {"ingest1", "transcode1", "db1", "monitoring1", "stranger"},
    ("ingest1", 8105): {"api1", "transcode1"},
    ("transcode1", 8106): {"api1"},
} | {(name, port): {"monitoring1"} for name, ports in admin.items() for port in ports}
addresses = {(place[name], port): {name, *allowed} for (name, port), allowed in doors.items()}

with subtest("within the fleet's network every port is open to those who need it, and to nobody else"):
    for name, host in fleet.items():
        found = reached_from(host, list(addresses))
        wanted = {door for door, allowed in addresses.items() if name in allowed}
        assert found == wanted, f"{name}: reaches {sorted(found - wanted)}, does not reach {sorted(wanted - found)}"

with subtest("a viewer reaches nginx, and nothing behind it even by way of the api host"):
    public = address_on(api1, 1)
    assert reached_from(client, [(public, port) for port in (80, 443, 22, 5432, *range(8101, 8105), *range(9101, 9105))]) == {(public, 80), (public, 443)}
    client.succeed(f"ip route add 192.168.2.0/24 via {public}")
    assert reached_from(client, list(addresses)) == {(place["api1"], 443)}

with subtest("what services say to each other is not for viewers"):
    for path, status in (("/internal/v1/status", "404"), ("/internal/token", "403"), ("/internal/nothing", "404"), ("/metrics", "404")):
        said = client.succeed(f"curl -sS -o /dev/null -w '%{{http_code}}' --cacert {AUTHORITY} {SITE}{path}")
        assert said == status, f"{path}: {said}"

with subtest("who reaches a Redis needs its very password"):
    for service, port in (("channels", 18101), ("playback", 18102)):
        for owner in ("channels", "playback"):
            words = f"AUTH {secret(f'{owner}-redis-password')}\\r\\nPING\\r\\nQUIT\\r\\n"
            said = api1.succeed(f"exec 3<>/dev/tcp/{place['db1']}/{port}; printf '{words}' >&3; timeout 5 cat <&3")
            assert ("PONG" in said) == (service == owner), f"{owner}'s password at {service}'s Redis: {said}"

with subtest("PostgreSQL asks whoever reaches it for a password, and lets nobody else's role in"):
    ask = f"host={place['db1']} connect_timeout=5 dbname=channels"
    right = f"PGPASSWORD={secret('channels-postgresql-password')}"
    assert api1.succeed(f"{right} psql '{ask} user=channels' -tAc 'SELECT 1'").strip() == "1"
    api1.fail(f"PGPASSWORD=wrong psql '{ask} user=channels' -tAc 'SELECT 1'")
    api1.fail(f"{right} psql '{ask} user=postgres' -tAc 'SELECT 1'")

with subtest("a unit sees its own secrets alone"):
    for host, unit in ((api1, "funkturm-channels"), (api1, "funkturm-origin"), (transcode1, "funkturm-transcode")):
        process = host.succeed(f"systemctl show --property=MainPID --value {unit}").strip()
        user, group = host.succeed(f"stat -c '%u %g' /proc/{process}").split()
        inside = f"nsenter --target {process} --mount setpriv --reuid {user} --regid {group} --clear-groups --no-new-privs"
        own = host.succeed(f"{inside} cat /run/credentials/{unit}.service/service-token")
        assert own == secret("service-token")
        host.fail(f"{inside} cat /etc/funkturm-secrets/service-token", f"{inside} cat /run/credentials/nginx.service/tls-key")
