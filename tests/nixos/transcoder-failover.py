start_all()
all_up([db1, ingest1, transcode1, transcode2, api1, client, source])
by_name = {host.name: host for host in (transcode1, transcode2)}
channel = put_on_air(client, "Turm Eins", MAIN)
watch(client, channel)

with subtest("the process that works on a channel is killed: it is taken over within seconds"):
    since = now(client)
    by_name[working(channel)[0]].succeed("systemctl kill --signal=KILL funkturm-transcode")
    measure(client, "a killed transcoder", since, missing=5 * SEGMENT, pause=12)

with subtest("the host is gone: another one takes over within seconds"):
    [lost] = working(channel)
    since = now(client)
    by_name[lost].crash()
    measure(client, "a transcode host gone", since, missing=5 * SEGMENT, pause=12)
    [heir] = working(channel)
    assert heir != lost
    by_name[lost].start()
    all_up([by_name[lost]])

with subtest("two work on a redundant channel: one of them can be gone unnoticed"):
    redundant = put_on_air(client, "Turm Zwei", SPARE, redundant=True)
    until(lambda: len(working(redundant)) == 2, "two transcoders work on it")
    watch(client, redundant)
    since = now(client)
    by_name[heir].crash()
    measure(client, "one of two transcode hosts gone", since, missing=UNNOTICED, pause=4)

with subtest("and so it is when it comes back"):
    since = now(client)
    by_name[heir].start()
    until(lambda: len(working(redundant)) == 2, "two transcoders work on it")
    measure(client, "its return", since, missing=UNNOTICED, pause=4)
