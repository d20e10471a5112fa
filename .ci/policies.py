"""policies.py STATE.json...: what others think of a stack, of which `terraform show -json` tells.

Every policy is read by parliament, which knows each service's actions, resources and conditions; every
word from a closed set is looked up in botocore's models of the services' APIs.
"""

import json
import sys

import botocore.session
import parliament

# Findings that are meant: (the resource's address, parliament's name for it) and why.
MEANT = {
    # Describing has no resources.
    ("aws_iam_role_policy.load_network[0]", "RESOURCE_STAR"),
    # `*/*` is what Lambda's guide asks for: interfaces, subnets and security groups.
    ("aws_iam_role_policy.load_network[0]", "RESOURCE_MISMATCH"),
    # Lambda adds lambda:SourceFunctionArn to whatever a function's code calls.
    ("aws_iam_role_policy.load_network[0]", "UNKNOWN_CONDITION_FOR_ACTION"),
}

# Arguments that take a word from a closed set, and the model's shape that lists them.
WORDS = {
    ("aws_lambda_function", "runtime"): ("lambda", "Runtime"),
    ("aws_lambda_function", "architectures"): ("lambda", "Architecture"),
    ("aws_s3_bucket_notification", "lambda_function.events"): ("s3", "Event"),
    ("aws_s3_bucket_versioning", "versioning_configuration.status"): ("s3", "BucketVersioningStatus"),
    ("aws_s3_bucket_ownership_controls", "rule.object_ownership"): ("s3", "ObjectOwnership"),
    (
        "aws_s3_bucket_server_side_encryption_configuration",
        "rule.apply_server_side_encryption_by_default.sse_algorithm",
    ): ("s3", "ServerSideEncryption"),
    ("aws_s3_bucket_lifecycle_configuration", "rule.status"): ("s3", "ExpirationStatus"),
    ("aws_cloudwatch_metric_alarm", "comparison_operator"): ("cloudwatch", "ComparisonOperator"),
    ("aws_cloudwatch_metric_alarm", "statistic"): ("cloudwatch", "Statistic"),
    ("aws_vpc_endpoint", "vpc_endpoint_type"): ("ec2", "VpcEndpointType"),
    ("aws_instance", "metadata_options.http_tokens"): ("ec2", "HttpTokensState"),
    ("aws_instance", "instance_type"): ("ec2", "InstanceType"),
    ("aws_instance", "root_block_device.volume_type"): ("ec2", "VolumeType"),
}

# As the service's guide lists them; the model takes any text.
PROTOCOLS = {"application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs"}


def resources(module):
    for resource in module.get("resources", []):
        if resource["mode"] == "managed":
            yield resource
    for child in module.get("child_modules", []):
        yield from resources(child)


def values(value, path):
    """The texts at a path such as `rule.status`, through lists."""
    if isinstance(value, list):
        for element in value:
            yield from values(element, path)
    elif path and isinstance(value, dict):
        name, _, rest = path.partition(".")
        yield from values(value.get(name), rest)
    elif value is not None:
        yield value


def policy_of(text):
    if not isinstance(text, str) or not text.lstrip().startswith("{"):
        return None
    try:
        policy = json.loads(text)
    except ValueError:
        return None
    return policy if "Statement" in policy else None


def main(paths):
    session = botocore.session.get_session()
    enumerations = {}
    problems, policies, words = [], 0, 0
    for path in paths:
        with open(path, encoding="utf-8") as file:
            state = json.load(file)
        for resource in resources(state["values"]["root_module"]):
            address, kind = resource["address"], resource["type"]
            for name, text in resource["values"].items():
                policy = policy_of(text)
                if policy is None:
                    continue
                policies += 1
                # Trust policies and policies of resources name principals, which parliament takes for slips.
                for statement in policy["Statement"]:
                    statement.pop("Principal", None)
                    if name != "policy" or not kind.startswith("aws_iam_"):
                        statement.setdefault("Resource", "*")
                found = parliament.analyze_policy_string(json.dumps(policy)).findings
                for finding in found:
                    # The resource that was put in above.
                    if name != "policy" and finding.issue == "RESOURCE_STAR":
                        continue
                    if not kind.startswith("aws_iam_") and finding.issue in ("RESOURCE_STAR", "RESOURCE_MISMATCH"):
                        continue
                    if (address, finding.issue) not in MEANT:
                        problems.append(f"{address}: {finding}")
            for (of, at), (service, shape) in WORDS.items():
                if of != kind:
                    continue
                if (service, shape) not in enumerations:
                    model = session.get_service_model(service)
                    enumerations[service, shape] = model.shape_for(shape).enum
                for word in values(resource["values"], at):
                    words += 1
                    if word not in enumerations[service, shape]:
                        problems.append(f"{address}: {at} cannot be {word!r}")
            if kind == "aws_sns_topic_subscription" and resource["values"]["protocol"] not in PROTOCOLS:
                problems.append(f"{address}: there is no such protocol")
    print(f"{policies} policies and {words} words read, {len(problems)} problems")
    for problem in problems:
        print(f"  {problem}")
    return 1 if problems or not policies or not words else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
