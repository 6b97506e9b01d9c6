"""Terraform JSON that is wrong on purpose: each of these must be found, with its reason."""

import copy

import terraform
from machine import Wrong


def of(configuration, kind, name=None):
    named = configuration["resource"][kind]
    return named[name or sorted(named)[0]]


CASES = {
    "a aws_subnet has no security_group": lambda c: of(c, "aws_instance").update(subnet_id="${aws_subnet.api-a.security_group}"),
    "there is no aws_subnet.api-z": lambda c: of(c, "aws_instance").update(subnet_id="${aws_subnet.api-z.id}"),
    "there is no variable image": lambda c: of(c, "aws_instance").update(ami="${var.image}"),
    "aws_instance.dev-api-a1 has no privat_ip": lambda c: of(c, "aws_instance").update(privat_ip="10.40.30.11"),
    "aws_instance.dev-api-a1.metadata_options has no tokens": lambda c: of(c, "aws_instance")["metadata_options"].update(tokens="x"),
    "aws_instance.dev-api-a1.disable_api_termination is \"no\"": lambda c: of(c, "aws_instance").update(disable_api_termination="no"),
    "aws_vpc_endpoint.s3 lacks vpc_id": lambda c: of(c, "aws_vpc_endpoint").pop("vpc_id"),
    "aws_dynamodb_table is not in": lambda c: c["resource"].update(aws_dynamodb_table={"x": {}}),
    "depends on aws_s3_bucket.nothing": lambda c: of(c, "aws_s3_bucket").update(depends_on=["aws_s3_bucket.nothing"]),
    "us-east-1 is named": lambda c: c["provider"]["aws"].update(region="us-east-1"),
    "eu-west-1 is named": lambda c: of(c, "aws_subnet").update(availability_zone="eu-west-1a"),
    "AWS does not take the name": lambda c: of(c, "aws_lb").update(name="funkturm-" + "x" * 24),
    "AWS does not take the bucket": lambda c: of(c, "aws_s3_bucket").update(bucket="Funkturm"),
    "AWS does not take the description": lambda c: of(c, "aws_security_group").update(description="größer"),
    "which is not in its subnet": lambda c: of(c, "aws_instance").update(private_ip="10.40.99.1"),
    "have the same address": lambda c: c["resource"]["aws_instance"].update(twin=copy.deepcopy(of(c, "aws_instance"))),
    "overlap": lambda c: of(c, "aws_subnet", "api-a").update(cidr_block="10.40.0.0/19"),
    "the bucket backups is not encrypted": lambda c: c["resource"]["aws_s3_bucket_server_side_encryption_configuration"].pop("backups"),
    "the bucket backups may be public": lambda c: of(c, "aws_s3_bucket_public_access_block", "backups").update(block_public_acls=False),
    "the security group lets in what the firewall does not": lambda c: c["resource"]["aws_vpc_security_group_ingress_rule"].update(
        more=dict(of(c, "aws_vpc_security_group_ingress_rule", "api-ssh-from-10-9-0-0-16"), cidr_ipv4="0.0.0.0/0")),
    "the firewall lets in what the security group does not": lambda c: c["resource"]["aws_vpc_security_group_ingress_rule"].pop(
        "db-main-primary-postgresql-from-api"),
    "more than 60": lambda c: c["resource"]["aws_vpc_security_group_ingress_rule"].update(
        {f"more{n}": of(c, "aws_vpc_security_group_ingress_rule", "api-ssh-from-10-9-0-0-16") for n in range(60)}),
}


def refuse(environment, configuration, firewalls):
    """Breaks it in each of the ways."""
    for words, breaking in CASES.items():
        broken = copy.deepcopy(configuration)
        breaking(broken)
        try:
            terraform.examine(environment, broken, firewalls)
        except Wrong as wrong:
            if words not in str(wrong):
                raise Wrong(f"broken Terraform JSON is refused, but not because of: {words}\n{wrong}") from wrong
            continue
        raise Wrong(f"broken Terraform JSON is not refused: {words}")
    return len(CASES)
