start_all()
all_up([db1, ingest1, transcode1, api1, client, source])
channel = put_on_air(client, "Turm Eins", MAIN)
watch(client, channel)

write = f"curl -sS -m 10 -o /dev/null -w '%{{http_code}}' --cacert {AUTHORITY} -X PATCH -H 'Authorization: Bearer {secret('operator-token')}'"
write += f" -H 'Content-Type: application/json' --data '{{\"name\":\"Turm\"}}' {SITE}/admin/v1/channels/{channel}"

with subtest("PostgreSQL and every Redis are restarted: nobody who watches notices"):
    since = now(client)
    db1.succeed("systemctl restart postgresql.service 'redis-*.service'")
    db1.wait_for_unit("postgresql.target")
    measure(client, "stores restarted", since, missing=UNNOTICED, pause=4)

with subtest("and operators can write again"):
    client.wait_until_succeeds(f"{write} | grep -Fx 200", timeout=30)
    assert operate(client, "GET", "/api/v1/channels")["channels"][0]["name"] == "Turm"

with subtest("the db host is gone: television goes on, the line-up is there, and a write is refused"):
    since = now(client)
    db1.crash()
    # A lease that could not be renewed would have run out after four seconds.
    wait_for_television(client, since + 8)
    measure(client, "the db host gone", since, missing=UNNOTICED, pause=4)
    assert operate(client, "GET", "/api/v1/channels")["channels"][0]["on_air"]
    client.wait_until_succeeds(f"{write} | grep -Fx 503", timeout=30)

with subtest("and viewers may still begin"):
    session = operate(client, "POST", "/api/v1/playback", {"channel": channel})
    client.succeed(f"curl -sSf --cacert {AUTHORITY} '{session['url']}'")

with subtest("it comes back with all that it knew, and everybody finds it again"):
    since = now(client)
    db1.start()
    all_up([db1])
    client.wait_until_succeeds(f"{write} | grep -Fx 200", timeout=60)
    measure(client, "the db host's return", since, missing=UNNOTICED, pause=4)
    for host in (api1, transcode1, ingest1):
        restarts = host.succeed("systemctl show --property=NRestarts --value 'funkturm-*'").split()
        assert set(restarts) == {"0"}, f"{host.name}: {restarts}"
