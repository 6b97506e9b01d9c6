"""./x bench live: CPU seconds per second of media, against ffmpeg on the same input in the same run.

Passthrough against `ffmpeg -c copy -f hls` (fMP4 segments), a three-rung ladder against ffmpeg with the same
encoder settings; and the delay from the wire to a segment that can be fetched.
"""

import argparse
import contextlib
import pathlib
import statistics
import subprocess
import sys
import time

from common import Funkturm, cpu_seconds, rss_megabytes, say, summary, wait_until


def make_source(path: pathlib.Path, seconds: int = 20) -> None:
    """720p25 and 1080p25 sources: textured moving pictures, B-frames, 2 s GOP, AAC."""
    for name, size, rate in (("1080", "1920x1080", "5400k"),):
        target = path / f"{name}.ts"
        noise = f"testsrc2=size={size}:rate=25:duration={seconds},noise=alls=12:allf=t"
        subprocess.run(
            ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", noise]
            + ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={seconds}"]
            + ["-c:v", "libx264", "-preset", "veryfast", "-b:v", rate, "-maxrate", rate, "-bufsize", rate]
            + ["-g", "50", "-keyint_min", "50", "-sc_threshold", "0", "-bf", "2", "-pix_fmt", "yuv420p"]
            + ["-c:a", "aac", "-b:a", "128k", "-ac", "2", "-muxrate", "6200k", "-f", "mpegts", str(target)],
            check=True,
        )


class Player:
    """The test player, looping the source onto UDP ports."""

    def __init__(self, binary: str, source: pathlib.Path, ports: list[int]):
        self.processes = [
            subprocess.Popen(
                [binary, "play", str(source), f"udp://127.0.0.1:{port}"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for port in ports
        ]

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


def measure(pids: list[int], seconds: float) -> float:
    """CPU seconds per second of media over that time."""
    before = {pid: cpu_seconds(pid) for pid in pids}
    started = time.monotonic()
    time.sleep(seconds)
    used = 0.0
    for pid, cpu in before.items():
        with contextlib.suppress(OSError):
            used += cpu_seconds(pid) - cpu
    return used / (time.monotonic() - started)


def ours(tower: Funkturm, profile: str, ports: list[int], seconds: float) -> tuple[float, float]:
    """CPU per channel and second, and the megabytes of all processes."""
    ids = []
    for port in ports:
        line = tower.run("channel", "add", f"Bench {port}", "--input", f"udp://127.0.0.1:{port}", "--profile", profile)
        ids.append(line.split()[1])
    on_air = lambda: sum(c["on_air"] for o in tower.admin("/admin/v1/origins") for c in o["channels"]) >= len(ids)
    wait_until("all channels on air", on_air, 90)
    time.sleep(8)
    pids = tower.pids("serve ingest", "serve transcode", "worker")
    cpu = measure(pids, seconds)
    memory = sum(rss_megabytes(pid) for pid in pids)
    tower.run("channel", "remove", *ids)
    return cpu / len(ports), memory


def theirs(arguments: list[str], ports: list[int], seconds: float, folder: pathlib.Path) -> float:
    processes = []
    for port in ports:
        target = folder / f"ffmpeg-{port}"
        target.mkdir(exist_ok=True)
        hls = ["-f", "hls", "-hls_time", "6", "-hls_list_size", "10", "-hls_flags", "delete_segments"]
        hls += ["-hls_segment_type", "fmp4"]
        processes.append(
            subprocess.Popen(
                ["ffmpeg", "-v", "error", "-i", f"udp://127.0.0.1:{port}?fifo_size=1000000&overrun_nonfatal=1"]
                + [part.replace("{target}", str(target)).replace("{}", str(target)) for part in arguments[:-1]]
                + hls
                + [arguments[-1].replace("{target}", str(target))],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL,
                cwd=target,
            )
        )
    time.sleep(14)
    cpu = measure([process.pid for process in processes], seconds)
    if any(process.poll() is not None for process in processes):
        sys.exit("ffmpeg has ended: it cannot be compared with")
    for process in processes:
        process.kill()
        process.wait()
    return cpu / len(ports)


COPY = ["-map", "0:v", "-map", "0:a", "-c", "copy", "-bsf:a", "aac_adtstoasc", "live.m3u8"]

# The same rungs, preset, threads and key frames as our `hd` ladder; scaled in a cascade as ours is.
X264 = "-preset veryfast -profile:v main -bf 2 -b_strategy 0 -sc_threshold 0 -force_key_frames expr:gte(t,n_forced*2) -g 500 -threads 2"
LADDER = (
    ["-filter_complex", "[0:v]scale=1280:720,split=2[v0][s1];[s1]scale=768:432,split=2[v1][s2];[s2]scale=416:234[v2]"]
    + ["-map", "[v0]", "-map", "[v1]", "-map", "[v2]", "-map", "0:a", "-c:v", "libx264", *X264.split()]
    + ["-b:v:0", "2800k", "-maxrate:v:0", "2800k", "-bufsize:v:0", "2800k"]
    + ["-b:v:1", "1100k", "-maxrate:v:1", "1100k", "-bufsize:v:1", "1100k"]
    + ["-b:v:2", "350k", "-maxrate:v:2", "350k", "-bufsize:v:2", "350k"]
    + ["-c:a", "aac", "-b:a", "128k", "-ac", "2"]
    + ["-var_stream_map", "v:0,agroup:a v:1,agroup:a v:2,agroup:a a:0,agroup:a", "-master_pl_name", "master.m3u8"]
    + ["v%v.m3u8"]
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("binary")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=float, default=20)
    options.add_argument("--channels", type=int, default=8, help="passthrough channels at once")
    arguments = options.parse_args()

    tower = Funkturm(arguments.binary)
    try:
        folder = pathlib.Path(tower.folder.name)
        say("making the source: 1080p25 H.264 with AAC, 6.2 Mbit/s …")
        make_source(folder)
        source = folder / "1080.ts"
        idle = measure(tower.pids("serve ingest", "serve transcode"), 5)
        say(f"idle, no channel: {idle:.3f} CPU s/s")

        for what, profile, count, peer, limit in (
            ("passthrough", "passthrough", arguments.channels, COPY, 0.5),
            ("ladder of three", "hd", 1, LADDER, 1.15),
        ):
            ports = [21000 + 10 * i for i in range(count)]
            ratios, mine, others = [], [], []
            for number in range(arguments.rounds):
                player = Player(tower.binary, source, ports)
                try:
                    cpu, memory = ours(tower, profile, ports, arguments.seconds)
                finally:
                    player.stop()
                player = Player(tower.binary, source, [port + 1 for port in ports])
                try:
                    other = theirs(peer, [port + 1 for port in ports], arguments.seconds, folder)
                finally:
                    player.stop()
                mine.append(cpu)
                others.append(other)
                ratios.append(cpu / other)
                say(f"{what}, round {number + 1}: ours {cpu:.4f}, ffmpeg {other:.4f} CPU s/s, {cpu / other:.2f} ×")
            say(f"{what}: ours {summary(mine)}, ffmpeg {summary(others)}, ratio {summary(ratios)}, wanted ≤ {limit}")
            if profile == "passthrough":
                say(f"passthrough channels per core: {1 / statistics.median(mine):.0f}; {memory / count:.0f} MB each")
    finally:
        tower.stop()


main()
