start_all()
all_up([db1, ingest1, transcode1, api1, monitoring1, stranger, client, source])

fleet = {host.name: host for host in (ingest1, transcode1, api1, db1, monitoring1, stranger)}
place = {name: address_on(host, 2) for name, host in fleet.items()}

# By which hosts each port of each host is reached, by nobody else, and by itself. A service is reached from other hosts only if it is
# said here.
callers = {
    "channels": {"ingest1", "transcode1"},
    "origin": {"transcode1"},
    "ingest": {"api1", "transcode1"},
    "transcode": {"api1"},
}
doors: dict[tuple[str, int], set[str]] = {
    ("db1", 5432): {f"{service.role}1" for service in SERVICES if "postgresql" in service.stores},
    ("api1", 443): {"ingest1", "transcode1", "db1", "monitoring1", "stranger"},
}
for service in SERVICES:
    doors[f"{service.role}1", service.port] = callers.get(service.name, set())
    doors[f"{service.role}1", service.admin] = {"monitoring1"}
    if "redis" in service.stores:
        doors["db1", service.port + 10000] = {f"{service.role}1"}
addresses = {(place[name], port): {name, *allowed} for (name, port), allowed in doors.items()}

with subtest("within the fleet's network every port is open to those who need it, and to nobody else"):
    for name, host in fleet.items():
        found = reached_from(host, list(addresses))
        wanted = {door for door, allowed in addresses.items() if name in allowed}
        assert found == wanted, f"{name}: reaches {sorted(found - wanted)}, does not reach {sorted(wanted - found)}"


def listening(host: Host) -> set[int]:
    """The ports where anything listens, but for the host itself alone."""
    places = [line.split()[3].rsplit(":", 1) for line in host.succeed("ss -Htln").splitlines()]
    return {int(port) for address, port in places if not address.startswith(("127.", "[::1]"))}


with subtest("whatever listens, a host without a role reaches nginx alone"):
    found = reached_from(stranger, [(place[name], port) for name, host in fleet.items() for port in listening(host)])
    assert found == {(place["api1"], port) for port in (80, 443)}, found

with subtest("a viewer reaches nginx, and nothing behind it even by way of the api host"):
    public = address_on(api1, 1)
    inner = [port for service in SERVICES for port in (service.port, service.admin)]
    assert reached_from(client, [(public, port) for port in (80, 443, 22, 5432, *inner)]) == {(public, 80), (public, 443)}
    client.succeed(f"ip route add 192.168.2.0/24 via {public}")
    assert reached_from(client, list(addresses)) == {(place["api1"], 443)}

with subtest("what services say to each other is not for viewers"):
    for path, status in (("/internal/v1/status", "404"), ("/internal/token", "403"), ("/internal/nothing", "404"), ("/metrics", "404")):
        said = client.succeed(f"curl -sS -o /dev/null -w '%{{http_code}}' --cacert {AUTHORITY} {SITE}{path}")
        assert said == status, f"{path}: {said}"

with subtest("who reaches a Redis needs its very password"):
    reached = [service for service in SERVICES if service.role == "api" and "redis" in service.stores]
    assert len(reached) >= 2, "there is nobody to be mixed up with"
    for service in reached:
        for owner in reached:
            words = f"AUTH {secret(f'{owner.name}-redis-password')}\\r\\nPING\\r\\nQUIT\\r\\n"
            said = api1.succeed(f"exec 3<>/dev/tcp/{place['db1']}/{service.port + 10000}; printf '{words}' >&3; timeout 5 cat <&3")
            assert ("PONG" in said) == (service == owner), f"{owner.name}'s password at {service.name}'s Redis: {said}"

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
