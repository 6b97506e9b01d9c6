"""Looking through Terraform JSON without Terraform: against the provider's schema, against itself, and against the hosts' firewalls."""

import ipaddress
import json
import re
from pathlib import Path

from machine import Wrong

SCHEMA = json.loads((Path(__file__).parent / "terraform-schema.json").read_text())["types"]
# What any resource takes.
META = {"depends_on", "lifecycle"}
TYPES = {
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "bool": lambda value: isinstance(value, bool),
    "strings": lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
    "numbers": lambda value: isinstance(value, list) and all(isinstance(item, int) for item in value),
    "strings by name": lambda value: isinstance(value, dict) and all(isinstance(item, str) for item in value.values()),
    "anything": lambda value: True,
}
# How names may be, by AWS' documentation.
NAMES = {
    ("aws_security_group", "name"): r"(?!sg-)[\w .:/()#,@\[\]+=&;{}!$*-]{1,255}",
    ("aws_lb", "name"): r"(?!internal-)[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?",
    ("aws_lb_target_group", "name"): r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?",
    ("aws_iam_role", "name"): r"[\w+=,.@-]{1,64}",
    ("aws_iam_instance_profile", "name"): r"[\w+=,.@-]{1,128}",
    ("aws_iam_user", "name"): r"[\w+=,.@-]{1,64}",
    ("aws_s3_bucket", "bucket"): r"(?!xn--)[a-z0-9](?:[a-z0-9-]{1,61})[a-z0-9]",
    ("aws_db_instance", "identifier"): r"[a-z](?:-?[a-z0-9]){0,62}",
    ("aws_db_instance", "db_name"): r"[a-z][a-z0-9_]{0,62}",
    ("aws_elasticache_replication_group", "replication_group_id"): r"[a-z](?:-?[a-z0-9]){0,39}",
}
DESCRIPTION = r"[A-Za-z0-9 .:/()#,@\[\]+=&;{}!$*_-]{0,255}"
REGION = re.compile(r"\b(?:af|ap|ca|cn|eu|il|me|mx|sa|us)(?:-gov)?-(?:north|south|east|west|central)+-\d")
# The most rules that a security group takes, unless AWS is asked for more.
MOST_RULES = 60


def resources(configuration):
    for kind, named in configuration["resource"].items():
        for name, body in named.items():
            yield kind, name, body


def strings(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value


def against_schema(where, body, takes):
    """What a block has that the provider does not take, or lacks."""
    for key, value in body.items():
        what = takes.get(key) or takes.get(f"{key}!")
        if what is None:
            yield f"{where} has no {key}"
        elif isinstance(what, dict):
            for inner in value if isinstance(value, list) else [value]:
                yield from against_schema(f"{where}.{key}", inner, what)
        elif not TYPES[what](value):
            yield f"{where}.{key} is {json.dumps(value)}, not: {what}"
    for key in takes:
        if key.endswith("!") and key[:-1] not in body:
            yield f"{where} lacks {key[:-1]}"


def unresolved(configuration):
    """References to what is not there."""
    there = configuration["resource"]
    for kind, name, body in resources(configuration):
        for target in body.get("depends_on", []):
            other, _, wanted = target.partition(".")
            if wanted not in there.get(other, {}):
                yield f"{kind}.{name} depends on {target}, which is not there"
    for text in strings(configuration):
        for reference in re.findall(r"\$\{([^}]*)\}", text):
            if match := re.fullmatch(r"var\.(\w+)(?:\[.*\])?", reference):
                if match.group(1) not in configuration.get("variable", {}):
                    yield f"there is no variable {match.group(1)}"
            elif match := re.fullmatch(r"(aws_\w+)\.([\w-]+)\.(\w+)", reference):
                kind, name, attribute = match.groups()
                if name not in there.get(kind, {}):
                    yield f"there is no {kind}.{name}"
                elif attribute not in SCHEMA[kind]["has"]:
                    yield f"a {kind} has no {attribute}"
            else:
                yield f"a reference that is not understood: {reference}"


def wrong_names(configuration):
    for kind, name, body in resources(configuration):
        for (of, attribute), pattern in NAMES.items():
            if kind == of and not re.fullmatch(pattern, body[attribute]):
                yield f"{kind}.{name}: AWS does not take the {attribute} {body[attribute]!r}"
        if "security_group" in kind and not re.fullmatch(DESCRIPTION, body.get("description", "")):
            yield f"{kind}.{name}: AWS does not take the description {body['description']!r}"


def wrong_addresses(configuration):
    """Subnets lie in the network and beside each other, addresses in their subnets, each once."""
    named = configuration["resource"]
    network = ipaddress.ip_network(named["aws_vpc"]["fleet"]["cidr_block"])
    subnets = {name: ipaddress.ip_network(body["cidr_block"]) for name, body in named["aws_subnet"].items()}
    for name, subnet in subnets.items():
        if not subnet.subnet_of(network):
            yield f"the subnet {name} is not in {network}"
        yield from (f"the subnets {name} and {other} overlap" for other in subnets if other < name and subnet.overlaps(subnets[other]))
    seen = {}
    for name, body in named["aws_instance"].items():
        subnet = re.search(r"aws_subnet\.([\w-]+)\.", body["subnet_id"]).group(1)
        if ipaddress.ip_address(body["private_ip"]) not in subnets.get(subnet, network):
            yield f"{name} has the address {body['private_ip']}, which is not in its subnet {subnet}"
        if other := seen.setdefault(body["private_ip"], name) != name and seen[body["private_ip"]]:
            yield f"{name} and {other} have the same address"


def open_buckets(configuration):
    named = configuration["resource"]
    for name in named["aws_s3_bucket"]:
        if name not in named["aws_s3_bucket_server_side_encryption_configuration"]:
            yield f"the bucket {name} is not encrypted"
        block = named["aws_s3_bucket_public_access_block"].get(name, {})
        if [value for key, value in block.items() if key != "bucket"] != [True] * 4:
            yield f"the bucket {name} may be public"


def group_of(configuration, host):
    return re.search(r"aws_security_group\.([\w-]+)\.", configuration["resource"]["aws_instance"][host]["vpc_security_group_ids"][0]).group(1)


def lets_in(configuration, group):
    """Who a security group lets in: (protocol, ports) and each address or network."""
    named = configuration["resource"]
    members = {}
    for host, body in named["aws_instance"].items():
        members.setdefault(group_of(configuration, host), []).append(f"{body['private_ip']}/32")
    found = set()
    for body in named["aws_vpc_security_group_ingress_rule"].values():
        if f"aws_security_group.{group}.id" in body["security_group_id"]:
            other = re.search(r"aws_security_group\.([\w-]+)\.", body.get("referenced_security_group_id", ""))
            for source in members.get(other.group(1), []) if other else [body["cidr_ipv4"]]:
                found.add((body["ip_protocol"], body.get("from_port"), body.get("to_port"), source))
    return found


def firewall_lets_in(text):
    """The same of a host's firewall, as rendered."""
    found = set()
    for line in text.splitlines():
        if not (match := re.fullmatch(r' +(?:ip saddr \{ (.*?) \} )?(tcp dport|udp dport|meta l4proto udp|ip protocol igmp)(?: (\d+))? accept comment ".*"', line)):
            continue
        sources, what, port = match.groups()
        protocol, first, last = {
            "meta l4proto udp": ("udp", 0, 65535),
            "ip protocol igmp": ("2", None, None),
        }.get(what) or (what[:3], int(port), int(port))
        for source in (sources or "0.0.0.0/0").split(", "):
            found.add((protocol, first, last, source if "/" in source else f"{source}/32"))
    return found


def examine(environment, configuration, firewalls, allowed_region="eu-central-1"):
    """Everything that is wrong; `firewalls` are those of some of its hosts, by name."""
    wrong = []
    for kind, name, body in resources(configuration):
        if kind not in SCHEMA:
            wrong.append(f"{kind} is not in tests/nix/terraform-schema.json: see make-terraform-schema")
            continue
        wrong += against_schema(f"{kind}.{name}", {key: value for key, value in body.items() if key not in META}, SCHEMA[kind]["takes"])
    wrong += against_schema("provider.aws", configuration["provider"]["aws"], SCHEMA["provider"]["takes"])
    wrong += [*unresolved(configuration), *wrong_names(configuration), *wrong_addresses(configuration), *open_buckets(configuration)]
    for text in strings(configuration):
        wrong += [f"{region} is named, in: {text[:80]}" for region in REGION.findall(text) if region != allowed_region]
    for group in configuration["resource"]["aws_security_group"]:
        count = sum(f"aws_security_group.{group}.id" in body["security_group_id"] for body in configuration["resource"]["aws_vpc_security_group_ingress_rule"].values())
        if count > MOST_RULES:
            wrong.append(f"the security group {group} has {count} rules, more than {MOST_RULES}")
    for host, text in firewalls.items():
        have, want = lets_in(configuration, group_of(configuration, host)), firewall_lets_in(text)
        if not want:
            wrong.append(f"the firewall of {host} was not understood")
        wrong += [f"{host}: the security group lets in what the firewall does not: {rule}" for rule in sorted(have - want, key=str)]
        wrong += [f"{host}: the firewall lets in what the security group does not: {rule}" for rule in sorted(want - have, key=str)]
    if wrong:
        raise Wrong(f"{environment}:\n" + "\n".join(wrong[:30]))
    return {kind: len(named) for kind, named in sorted(configuration["resource"].items())}
