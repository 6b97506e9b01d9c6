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

for again in ("", ", and so is the other, later"):
    used = watched(client).address
    with subtest(f"the api host that a viewer watches from is gone{again}: the other one has everything"):
        since = now(client)
        hosts[used].crash()
        seen = measure(client, "an api host gone", since, missing=UNNOTICED, pause=4)
        assert 1 <= len(seen.failures) <= 2, seen.failures
        assert {failure["address"] for failure in seen.failures} == {used}
        assert watched(client).address != used

    with subtest("it comes back empty, and the transcoders fill it again"):
        booted = now(client)
        hosts[used].start()
        all_up([hosts[used]])
        get = f"curl -sSf -m 5 --cacert {AUTHORITY} --resolve tv.funkturm.test:443:{used} {SITE}/hls/open/{channel}/master.m3u8"
        client.wait_until_succeeds(get, timeout=30)
        listed = [line for line in playlist(used).splitlines() if line.startswith("#EXT-X-PROGRAM-DATE-TIME:")]
        assert moment(listed[0]) < booted, f"nothing from before its start: {listed[0]}"
