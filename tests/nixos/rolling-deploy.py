start_all()
all_up([db1, ingest1, ingest2, transcode1, transcode2, api1, api2, client, source])
channel = put_on_air(client, "Turm Eins", MAIN, redundant=True)
until(lambda: working(channel) == ["transcode1", "transcode2"], "two transcoders work on it")


def part() -> None:
    """Lets each transcoder read from an ingest host of its own. They are then in different epochs, whose segments do not fit together."""
    ingest1.succeed("systemctl restart funkturm-ingest.service")
    until(lambda: all(reads_from(host, ingest2) for host in (transcode1, transcode2)), "both read from the second ingest host")
    transcode1.succeed("systemctl restart funkturm-transcode.service")
    until(lambda: reads_from(transcode1, ingest1), "one reads from the first ingest host again")
    until(lambda: working(channel) == ["transcode1", "transcode2"], "two transcoders work on it")


part()
watch(client, channel)
begun = now(client)


def renew(host: Host) -> None:
    """What a deployment does to a host: all of its services stop and start, and it is ready again."""
    services = host.succeed("systemctl list-units --plain --no-legend 'funkturm-*.service' nginx.service | cut -d ' ' -f 1").split()
    assert services, f"nothing runs on {host.name}"
    processes = f"systemctl show --property=MainPID --value {' '.join(services)}"
    before = host.succeed(processes).split()
    stopped = now(client)
    host.succeed(f"systemctl stop {' '.join(services)}", timeout=60)
    # However long it takes: the others do without it.
    wait_for_television(client, stopped, 1)
    host.succeed(f"systemctl start {' '.join(services)}", timeout=60)
    all_up([host])
    after = host.succeed(processes).split()
    assert not set(before) & set(after), f"{host.name}: {before} {after}"


with subtest("the ingest hosts get a new release, one after the other"):
    for ingest in (ingest1, ingest2):
        since = now(client)
        renew(ingest)
        measure(client, ingest.name, since, missing=2 * SEGMENT, pause=6)

part()

with subtest("so do the transcode hosts: at most a part of a segment is missing"):
    for transcoder in (transcode1, transcode2):
        since = now(client)
        renew(transcoder)
        until(lambda: working(channel) == ["transcode1", "transcode2"], "two transcoders work on it")
        # A part of a segment waits for the whole one of the other host, but with segments as short as these only for 0.75 s, which can be
        # too little for a busy machine: then the rest of that one is missing.
        measure(client, transcoder.name, since, missing=SEGMENT - 0.1, pause=4)

with subtest("and the api hosts"):
    for api in (api1, api2):
        since = now(client)
        renew(api)
        seen = measure(client, api.name, since, missing=UNNOTICED, pause=4)
        assert len(seen.failures) <= 2, seen.failures

with subtest("every segment that was listed was there"):
    seen = watched(client).since(begun)
    assert all(segment.bytes or segment.gap for segment in seen.segments[1:]), seen.segments
