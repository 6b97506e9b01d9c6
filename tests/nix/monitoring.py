"""Trying what Prometheus, Alertmanager and Grafana are told: with their own tools, and against the code that makes the metrics."""

import json
import re
import tempfile
import tomllib
from functools import lru_cache
from pathlib import Path

from machine import Wrong, run

ROOT = Path(__file__).resolve().parents[2]
# Words of PromQL that look like metrics.
WORDS = {"and", "or", "unless", "bool", "offset", "Inf", "NaN"}
CLAUSES = r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)"


def known_metrics():
    """A pattern for each metric that our code or an exporter has."""
    services = tomllib.loads((ROOT / "crates/services/catalogue.toml").read_text())["service"]
    names = "|".join(row["name"] for row in services)
    found = {line for line in (ROOT / "tests/nix/exporter-metrics.txt").read_text().splitlines() if not line.startswith("#")}
    for path in (ROOT / "crates").glob("*/**/src/**/*.rs"):
        code = path.read_text().split("#[cfg(test)]")[0]
        found |= set(re.findall(r'"(funkturm_[a-z_{}]+)"', code))
        found |= set(re.findall(r'"(process_[a-z_]+)"', code))
    for path in (ROOT / "nixos-modules/functions").glob("*.py"):
        found |= set(re.findall(r"TYPE (funkturm_[a-z_]+) ", path.read_text()))
    return [re.compile(name.replace("{service}", f"(?:{names})").replace("{what}", "[a-z]+") + "(?:_bucket|_count|_sum)?") for name in found]


def metrics_of(expression):
    """The metrics that an expression names, and the patterns by which it names several."""
    patterns = re.findall(r'__name__=~"([^"]*)"', expression)
    plain = re.sub(r'"[^"]*"', "", expression)
    plain = re.sub(CLAUSES, "", re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", plain))
    names = re.findall(r"(?<![\w.])[a-zA-Z_:][\w:]*(?![\w:]*\s*\()", plain)
    return {name for name in names if name not in WORDS and not re.search(rf"\b{name}\s*\(", plain)}, patterns


def unknown_metrics(expressions):
    known = known_metrics()
    sample = [pattern.pattern.replace("(?:_bucket|_count|_sum)?", suffix) for pattern in known for suffix in ("", "_bucket", "_count", "_sum")]
    samples = [re.sub(r"\(\?:([a-z]+)[^)]*\)|\[a-z\]\+", r"\1", text) for text in sample]
    for where, expression in expressions:
        names, patterns = metrics_of(expression)
        if not names and not patterns:
            yield f"{where} names no metric: {expression}"
        yield from (f"{where} names {name}, which nothing has" for name in names if not any(p.fullmatch(name) for p in known))
        yield from (f"{where} names {text}, which nothing is called like" for text in patterns if not any(re.fullmatch(text, s) for s in samples))


@lru_cache
def test_alerts(rules, tests):
    """Fires what should, and keeps quiet what should; once for all hosts that have the same."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "rules.json").write_text(rules)
        Path(folder, "tests.json").write_text(tests)
        run(["promtool", "test", "rules", f"{folder}/tests.json"])


def try_prometheus(host, files):
    """Prometheus' own check of its configuration and rules, and the test of each alert; Alertmanager's own check."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("prometheus/prometheus.json", "prometheus/rules.json", "alertmanager.json"):
            Path(folder, Path(name).name).write_text(files[name])
        run(["promtool", "check", "config", f"{folder}/prometheus.json"])
        test_alerts(files["prometheus/rules.json"], files["prometheus/tests.json"])
        # Alertmanager before 0.26, as Debian 12 has it, knows no file with the URL.
        if tuple(map(int, re.search(r"version (\d+)\.(\d+)", run(["amtool", "--version"]).stdout).groups())) < (0, 26):
            text = re.sub(r'"url_file": ".*?"', '"url": "http://localhost/"', files["alertmanager.json"])
            Path(folder, "alertmanager.json").write_text(text)
        run(["amtool", "check-config", f"{folder}/alertmanager.json"])
    rules = {rule["alert"]: rule for group in json.loads(files["prometheus/rules.json"])["groups"] for rule in group["rules"]}
    tested = {}
    for test in json.loads(files["prometheus/tests.json"])["tests"]:
        for one in test["alert_rule_test"]:
            tested.setdefault(one["alertname"], set()).add(bool(one["exp_alerts"]))
    if untested := [name for name in rules if tested.get(name) != {True, False}]:
        raise Wrong(f"{host}: no test of: {', '.join(untested)}")
    if wrong := list(unknown_metrics((name, rule["expr"]) for name, rule in rules.items())):
        raise Wrong("\n".join(wrong))
    return rules


def try_dashboard(name, text):
    """Its panels lie beside each other, each with a title, a unit and expressions that Prometheus understands."""
    board = json.loads(text)
    wrong, expressions, places = [], [], set()
    for panel in board["panels"]:
        where = f"{name}: {panel['title'] or 'a panel'}"
        if not panel["title"] or not panel["fieldConfig"]["defaults"]["unit"]:
            wrong.append(f"{where} has no title, or no unit")
        expressions += [(where, target["expr"]) for target in panel["targets"]]
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        if cells & places or at["x"] + at["w"] > 24:
            wrong.append(f"{where} lies on another panel")
        places |= cells
    titles = [panel["title"] for panel in board["panels"]]
    wrong += [f"{name} has two panels called {title}" for title in set(titles) if titles.count(title) > 1]
    wrong += unknown_metrics(expressions)
    # As recording rules, to be read by Prometheus.
    rules = [{"record": f"panel:{n}", "expr": expression.replace("$__rate_interval", "1m")} for n, (_, expression) in enumerate(expressions)]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"groups": [{"name": name, "rules": rules}]}, file)
        file.flush()
        run(["promtool", "check", "rules", "--lint=none", file.name])
    if wrong:
        raise Wrong("\n".join(wrong))
    return len(titles)


def explained(alerts):
    """docs/operations.md says of each alert, and of no other, what to do."""
    text = (ROOT / "docs/operations.md").read_text()
    section = text.split("\n## Alerts\n")[-1].split("\n## ")[0] if "\n## Alerts\n" in text else ""
    headings = re.findall(r"^### (\w+)$", section, re.M)
    wrong = [f"docs/operations.md does not say what to do about {name}" for name in sorted(set(alerts) - set(headings))]
    wrong += [f"docs/operations.md explains {name}, which is no alert" for name in sorted(set(headings) - set(alerts))]
    if wrong:
        raise Wrong("\n".join(wrong))


def reachable(host, files, monitored, lets_in):
    """Each of Prometheus' targets lets the host of Prometheus in."""
    address = next(line.split()[0] for line in files["hosts"].splitlines() if f" {host}." in line)
    doors = {name: lets_in(other["firewall.nft"]) for name, other in monitored.items()}
    seen = 0
    for job in json.loads(files["prometheus/prometheus.json"])["scrape_configs"]:
        for group in job["static_configs"]:
            port = int(group["targets"][0].rpartition(":")[2])
            if (there := doors.get(group["labels"]["host"])) is None or group["labels"]["host"] == host:
                continue
            seen += 1
            if ("tcp", port, port, f"{address}/32") not in there:
                raise Wrong(f"{host}: {group['labels']['host']} does not let Prometheus in at {port} ({job['job_name']})")
    return seen
