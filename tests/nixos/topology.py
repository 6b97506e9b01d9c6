start_all()


def line_up() -> list[tuple[str, bool]]:
    """The channels, and whether each can be watched."""
    return [(entry["id"], entry["on_air"]) for entry in operate(client, "GET", "/api/v1/channels")["channels"]]


with subtest("every host boots, and its services are ready"):
    all_up([db1, ingest1, transcode1, api1, monitoring1, client, source])

with subtest("an operator puts a channel on air"):
    channel = put_on_air(client, "Turm Eins", MAIN)

with subtest("viewers see it in the line-up"):
    until(lambda: line_up() == [(channel, True)], "it is in the line-up, on air", timeout=10)

with subtest("television comes through, without a gap"):
    watch(client, channel)
    seen = measure(client, "undisturbed", now(client), missing=UNNOTICED, pause=4)
    assert not seen.failures, seen.failures

with subtest("a segment is a picture and sound that a decoder takes"):
    client.succeed(
        f"SSL_CERT_FILE={AUTHORITY} ffmpeg -v error -ca_file {AUTHORITY} -tls_verify 1 -t 3 -i {SITE}/hls/open/{channel}/master.m3u8 -c copy -y /tmp/seen.mp4",
        timeout=60,
    )
    found = client.succeed("ffprobe -v error -show_entries stream=codec_name,width,height -of csv=p=0 /tmp/seen.mp4").split()
    assert sorted(found) == ["aac", "h264,320,180"], found
    client.succeed("ffmpeg -v error -xerror -i /tmp/seen.mp4 -f null -")

with subtest("a playback session is had, and ends"):
    session = operate(client, "POST", "/api/v1/playback", {"channel": channel})
    assert session["url"].startswith(f"{SITE}/hls/"), session
    client.succeed(f"curl -sSf --cacert {AUTHORITY} '{session['url']}'")
    operate(client, "DELETE", f"/api/v1/playback/{session['session']}")

with subtest("the web app is there, and what is asked for without TLS is sent to it"):
    client.succeed(f"curl -sSf --cacert {AUTHORITY} {SITE}/ | grep -F '<title>'")
    assert client.succeed("curl -sS -o /dev/null -w '%{http_code} %{redirect_url}' http://tv.funkturm.test/").startswith("301 https://")

with subtest("monitoring reaches every service's figures"):
    for service in SERVICES:
        monitoring1.succeed(f"curl -sSf -m 5 http://{service.role}1.funkturm.internal:{service.admin}/metrics | grep -F funkturm_")

with subtest("nothing was restarted on the way"):
    for host in (api1, ingest1, transcode1):
        restarts = host.succeed("systemctl show --property=NRestarts --value 'funkturm-*'").split()
        assert set(restarts) == {"0"}, f"{host.name}: {restarts}"
