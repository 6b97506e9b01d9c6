start_all()
all_up([db1, ingest1, ingest2, transcode1, api1, client, source])
channel = put_on_air(client, "Turm Eins", MAIN, SPARE)
watch(client, channel)


def active(host: Host) -> str | None:
    """The input that this ingest host hands on."""
    inputs = reports("/admin/v1/inputs", "inputs").get(host.name, [])
    return next((str(taken["url"]) for taken in inputs if taken["state"] == "active"), None)


with subtest("both hosts take the preferred feed"):
    until(lambda: [active(ingest1), active(ingest2)] == [MAIN, MAIN], "both have it")

with subtest("a feed falls silent: the next one is taken within two seconds"):
    since = now(client)
    source.succeed("systemctl stop television-main")
    measure(client, "a silent feed", since, missing=2 * SEGMENT, pause=6)
    assert [active(ingest1), active(ingest2)] == [SPARE, SPARE]

with subtest("it is back: it is taken again, once it has been well for a while"):
    since = now(client)
    source.succeed("systemctl start television-main")
    until(lambda: [active(ingest1), active(ingest2)] == [MAIN, MAIN], "the preferred feed is taken again")
    measure(client, "the feed's return", since, missing=2 * SEGMENT, pause=6)

with subtest("the process that takes it in is killed: another host's is read"):
    since = now(client)
    ingest1.succeed("systemctl kill --signal=KILL funkturm-ingest")
    measure(client, "a killed ingest", since, missing=2 * SEGMENT, pause=6)
    all_up([ingest1])

with subtest("the host that takes it in is gone: another one is read"):
    reading, other = (ingest1, ingest2) if reads_from(transcode1, ingest1) else (ingest2, ingest1)
    assert reads_from(transcode1, reading) and not reads_from(transcode1, other)
    since = now(client)
    reading.crash()
    # Nobody says goodbye: it is missed after three seconds without a heartbeat.
    measure(client, "an ingest host gone", since, missing=4 * SEGMENT, pause=12)
    assert reads_from(transcode1, other)

with subtest("it comes back"):
    reading.start()
    all_up([reading])
    until(lambda: active(reading) == MAIN, "it has the preferred feed")
