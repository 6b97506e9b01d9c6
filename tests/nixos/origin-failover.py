start_all()
all_up([db1, ingest1, transcode1, api1, api2, client, source])
channel = put_on_air(client, "Turm Eins", MAIN)
watch(client, channel)
hosts = {address_on(api, 1): api for api in (api1, api2)}


def asked(api: Host, path: str, options: str = "-sSf") -> str:
    """What this very api host answers a viewer, or an operator."""
    at = f"--cacert {AUTHORITY} --resolve tv.funkturm.test:443:{address_on(api, 1)} -H 'Authorization: Bearer {secret('operator-token')}'"
    return client.succeed(f"curl {options} -m 10 {at} {SITE}{path}")


def status(api: Host, path: str) -> int:
    """The status of that answer."""
    return int(asked(api, path, "-sS -o /dev/null -w '%{http_code}'"))


def listed(api: Host) -> list[str]:
    """The paths of the segments of the first quality, as this very api host lists them."""
    master = f"/hls/open/{channel}/master.m3u8"
    quality = next(line for line in asked(api, master).splitlines() if not line.startswith("#"))
    lines = asked(api, urljoin(master, quality)).splitlines()
    return [urljoin(urljoin(master, quality), line) for line in lines if line.endswith(".m4s")]


def goes_on(api: Host) -> None:
    """Waits until three segments have come to those who watch by this very api host."""
    known = set(listed(api))
    until(lambda: len(set(listed(api)) - known) >= 3, f"television goes on by {api.name}", timeout=30)
    asked(api, listed(api)[-1], "-sSf -o /dev/null")


with subtest("both api hosts have the same television"):
    common = [segment for segment in listed(api1) if segment in listed(api2)]
    assert len(common) >= 3, (listed(api1), listed(api2))

with subtest("the services of an api host are down: it answers everything with the other one's"):
    since = now(client)
    ours = [service for service in SERVICES if service.role == "api"]
    units = " ".join(f"funkturm-{service.name}.service" for service in ours)
    usual = {route: status(api1, route) for service in ours for route in service.routes}
    assert all(found < 500 for found in usual.values()), usual
    api1.succeed(f"systemctl stop {units}")
    then = {route: status(api1, route) for route in usual}
    assert then == usual, f"{then} instead of {usual}"
    goes_on(api1)

with subtest("they are back, but its origin has nothing yet, and is not believed"):
    cut = f"blackhole {address_on(transcode1, 2)}"
    api1.succeed(f"ip route add {cut}", f"systemctl start {units}")
    own = f"curl -sS -m 5 -o /dev/null -w '%{{http_code}}' http://{address_on(api1, 2)}:8103/hls/open/{channel}/master.m3u8"
    assert (said := api1.succeed(own)) == "404", said
    goes_on(api1)
    assert (said := api1.succeed(own)) == "404", said
    api1.succeed(f"ip route del {cut}")
    api1.wait_until_succeeds(f"{own} | grep -Fx 200", timeout=30)
    measure(client, "services of an api host down", since, missing=UNNOTICED, pause=4)


def oldest(api: Host) -> float:
    """When the oldest segment begins that this host's own origin lists; it says so to the fleet as nginx would ask."""
    there = f"http://{address_on(api, 2)}:8103/hls/open/{channel}"
    quality = api.wait_until_succeeds(f"curl -sSf -m 5 {there}/master.m3u8 | grep -v '^#' | head -n 1", timeout=30).strip()
    return min(moment(line) for line in api.succeed(f"curl -sSf -m 5 {there}/{quality}").splitlines() if line.startswith("#EXT-X-PROGRAM-DATE-TIME:"))


for again in ("", ", and so is the other, later"):
    used = watched(client).address
    with subtest(f"the api host that a viewer watches from is gone{again}: the other one has everything"):
        since = now(client)
        hosts[used].crash()
        # Room for a transcoder that asks the lost host for the line-up, and loses its lease meanwhile (docs/operations.md, "What the
        # rehearsal has found").
        seen = measure(client, "an api host gone", since, missing=3 * SEGMENT, pause=8)
        assert 1 <= len(seen.failures) <= 2, seen.failures
        assert {failure["address"] for failure in seen.failures} == {used}
        assert watched(client).address != used

    with subtest("it comes back empty, answers from the other one's, and the transcoders fill it again"):
        booted = now(client)
        hosts[used].start()
        # From the first answer on there is television: what its own origin has not got yet, the other one has.
        get = f"curl -sS --connect-timeout 0.2 -m 5 -o /dev/null -w '%{{http_code}}' --cacert {AUTHORITY} --resolve tv.funkturm.test:443:{used} {SITE}/hls/open/{channel}/master.m3u8"
        answer = client.wait_until_succeeds(get, timeout=60)
        assert answer == "200", f"its first answer is {answer}"
        all_up([hosts[used]])
        filled = oldest(hosts[used])
        print(f"      its own origin begins {booted - filled:.1f} s before its start")
