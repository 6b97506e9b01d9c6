start_all()
all_up([db1, ingest1, transcode1, api1, api2, client, source])
channel = put_on_air(client, "Turm Eins", MAIN)
watch(client, channel)
hosts = {address_on(api, 1): api for api in (api1, api2)}


def playlist(address: str) -> str:
    """The playlist of the first quality, as this very api host has it."""
    get = f"curl -sSf -m 5 --cacert {AUTHORITY} --resolve tv.funkturm.test:443:{address} {SITE}/hls/open/{channel}"
    quality = client.succeed(f"{get}/master.m3u8 | grep -v '^#' | head -n 1").strip()
    return client.succeed(f"{get}/{quality}")


with subtest("both api hosts have the same television"):
    first, second = (playlist(address).splitlines() for address in hosts)
    common = [line for line in first if line in second and line.endswith(".m4s")]
    assert len(common) >= 3, (first, second)

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
        get = f"curl -sS -m 5 -o /dev/null -w '%{{http_code}}' --cacert {AUTHORITY} --resolve tv.funkturm.test:443:{used} {SITE}/hls/open/{channel}/master.m3u8"
        answer = client.wait_until_succeeds(get, timeout=60)
        assert answer == "200", f"its first answer is {answer}"
        all_up([hosts[used]])
        filled = oldest(hosts[used])
        print(f"      its own origin begins {booted - filled:.1f} s before its start")
