start_all()
all_up(machines)
channel = put_on_air(client, "Turm Eins", MAIN, redundant=True)
until(lambda: working(channel) == ["transcode1", "transcode2"], "two transcoders work on it")
watch(client, channel)
begun = now(client)

for role, hosts in (("api", (api1, api2)), ("transcode", (transcode1, transcode2)), ("ingest", (ingest1, ingest2))):
    with subtest(f"the {role} hosts get a new release, one after the other"):
        for host in hosts:
            since = now(client)
            services = host.succeed("systemctl list-units --plain --no-legend 'funkturm-*.service' nginx.service | cut -d ' ' -f 1").split()
            before = host.succeed(f"systemctl show --property=MainPID --value {' '.join(services)}").split()
            host.succeed(f"systemctl restart {' '.join(services)}", timeout=60)
            all_up([host])
            after = host.succeed(f"systemctl show --property=MainPID --value {' '.join(services)}").split()
            assert before and not set(before) & set(after), f"{host.name}: {before} {after}"
            if role == "transcode":
                until(lambda: working(channel) == ["transcode1", "transcode2"], "two transcoders work on it")
            measure(client, host.name, since, missing=0.1, pause=4)

with subtest("television went on all the time"):
    seen = measure(client, "the whole deployment", begun, missing=0.1, pause=4)
    assert all(segment.bytes for segment in seen.segments), seen.segments
