start_all()
all_up([db1, ingest1, transcode1, transcode2, api1, client, source])
by_name = {host.name: host for host in (transcode1, transcode2)}
channel = put_on_air(client, "Turm Eins", MAIN)
watch(client, channel)

with subtest("the process that works on a channel is killed: it is taken over within seconds"):
    since = now(client)
    by_name[working(channel)[0]].succeed("systemctl kill --signal=KILL funkturm-transcode")
    measure(client, "a killed transcoder", since, missing=5 * SEGMENT, pause=12)

with subtest("the host is cut off: another one takes over within seconds"):
    [lost] = working(channel)
    since = now(client)
    by_name[lost].block()
    measure(client, "a transcode host cut off", since, missing=5 * SEGMENT, pause=12)
    [heir] = working(channel)
    assert heir != lost

with subtest("when it can be reached again, it finds its channel taken, and leaves it"):
    since = now(client)
    by_name[lost].unblock()
    by_name[lost].wait_until_succeeds("journalctl -u funkturm-transcode | grep -F 'gives up a channel'", timeout=30)
    until(lambda: working(channel) == [heir], "one works on it")
    measure(client, "its return", since, missing=UNNOTICED, pause=4)

with subtest("two work on a redundant channel: the host of one of them is gone, and nobody notices"):
    redundant = put_on_air(client, "Turm Zwei", SPARE, redundant=True)
    until(lambda: len(working(redundant)) == 2, "two transcoders work on it")
    watch(client, redundant)
    since = now(client)
    by_name[heir].crash()
    measure(client, "one of two transcode hosts gone", since, missing=UNNOTICED, pause=4)

with subtest("nor when it comes back"):
    since = now(client)
    by_name[heir].start()
    until(lambda: len(working(redundant)) == 2, "two transcoders work on it")
    measure(client, "its return", since, missing=UNNOTICED, pause=4)
