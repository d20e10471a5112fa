"""One resource of the stack reader beside the same of Terraform: the comparison itself, and what it has to know of AWS."""

import json
import re

# What the provider fills in where the configuration says nothing.
# Follows https://registry.terraform.io/providers/hashicorp/aws/latest/docs, "Argument Reference" of each type.
DEFAULTS = {
    "aws_cloudwatch_log_group": {"retention_in_days": 0},
    "aws_iam_role": {"path": "/", "max_session_duration": 3600},
    "aws_lambda_function": {
        "package_type": "Zip",
        "ephemeral_storage.size": 512,
        "logging_config.log_group": lambda planned: f"/aws/lambda/{planned['function_name']}",
    },
    "aws_sns_topic": {"fifo_topic": False, "content_based_deduplication": False},
    "aws_sns_topic_subscription": {"raw_message_delivery": False, "filter_policy_scope": "MessageAttributes"},
    "aws_sqs_queue": {
        "fifo_queue": False,
        "content_based_deduplication": False,
        "visibility_timeout_seconds": 30,
        "message_retention_seconds": 345600,
        "delay_seconds": 0,
        "receive_wait_time_seconds": 0,
        "max_message_size": 262144,
    },
    "aws_lambda_event_source_mapping": {
        "enabled": True,
        "batch_size": 10,
        "maximum_batching_window_in_seconds": 0,
    },
    "aws_lambda_function_event_invoke_config": {"maximum_event_age_in_seconds": 21600},
    "aws_s3_bucket_public_access_block": {"block_public_policy": False, "restrict_public_buckets": False},
    "aws_s3_bucket_server_side_encryption_configuration": {"rule.bucket_key_enabled": False},
    "aws_s3_bucket_lifecycle_configuration": {"rule.expiration.expired_object_delete_marker": False},
}

DOCUMENTS = {"policy", "assume_role_policy", "filter_policy", "redrive_policy"}
# How long Terraform waits changes nothing that it makes, and the tags of a resource are in all of its tags.
NOT_OF_THE_STACK = {"timeouts", "tags"}
KNOWN_AFTER_APPLY = {"known after apply": True}
# What the stand-in makes up.
MADE_UP = re.compile(r"^[a-z0-9_]+-[0-9a-f]{8}$|arn:aws:stub:")


def document(text):
    """A policy or filter in the form in which two that say the same are equal."""

    def normal(value):
        if isinstance(value, dict):
            return {name: normal(inner) for name, inner in value.items()}
        if isinstance(value, list):
            inner = [normal(element) for element in value]
            if len(inner) == 1 and isinstance(inner[0], str):
                return inner[0]
            return sorted(inner) if all(isinstance(element, str) for element in inner) else inner
        return value

    return normal(json.loads(text))


# The end of a secret's ARN is chance, here and there.
SECRET = re.compile(r"(arn:aws:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@!-]+)-[0-9A-Za-z]{6}(?![0-9A-Za-z])")


def same(name, kind, one, other):
    one, other = (SECRET.sub(r"\1-CHANCE", text) if isinstance(text, str) else text for text in (one, other))
    # A queue's id is its URL, of which the provider's stand-in has the end only.
    if name == "queue_url" and isinstance(one, str) and isinstance(other, str) and "/" not in other:
        return one.startswith("https://") and one.endswith(f"/{other}")
    if name in DOCUMENTS and isinstance(one, str) and isinstance(other, str):
        return document(one) == document(other)
    if isinstance(kind, list) and kind[0] == "set" and isinstance(one, list) and isinstance(other, list):
        return sorted(one) == sorted(other)
    # 1 and True are the same to Python, and not to us.
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def made_up(value):
    """Whether the stand-in made this up, or a part of it."""
    if value is None or value in ("", 0, False, [], {}):
        return True
    return bool(MADE_UP.search(value)) if isinstance(value, str) else False


def without_indices(path):
    return re.sub(r"\[\d+\]", "", path)


def any_true(unknown):
    if isinstance(unknown, dict):
        return any(map(any_true, unknown.values()))
    if isinstance(unknown, list):
        return any(map(any_true, unknown))
    return unknown is True


class Comparison:
    """Of one resource. `verdicts` has what became of each value, by its path."""

    def __init__(self, address, kind, schema, noted, urls):
        self.address, self.kind, self.schema, self.noted, self.urls = address, kind, schema, noted, urls
        self.verdicts = {}
        self.differences = []

    def differs(self, path, ours, theirs):
        self.verdicts[path] = "different"
        self.differences.append((self.address, path, ours, theirs))

    def whole(self, ours, planned, unknown, applied):
        self.planned = planned
        prefix = planned.get("name_prefix")
        if prefix and any_true(unknown.get("name")):
            # The provider makes up 26 digits, from the time.
            if re.fullmatch(re.escape(prefix) + r"\d{26}", ours.get("name", "")):
                self.verdicts["name"] = "for AWS"
            else:
                self.differs("name", ours.get("name"), f"{prefix} and 26 digits")
            ours, planned, unknown = (
                {key: value for key, value in values.items() if key not in ("name", "name_prefix")}
                for values in (ours, planned, unknown)
            )
        self.block(self.schema, "", ours, planned, unknown, applied)
        return self

    def block(self, schema, path, ours, planned, unknown, applied):
        attributes, blocks = schema.get("attributes", {}), schema.get("block_types", {})
        unknown = unknown if isinstance(unknown, dict) else {}
        for name in sorted({*ours, *planned, *(name for name in unknown if any_true(unknown[name]))}):
            at = f"{path}{name}"
            if name in NOT_OF_THE_STACK:
                continue
            if name in attributes:
                kind = attributes[name]["type"]
                theirs = (planned.get(name), unknown.get(name), applied.get(name))
                if name not in ours:
                    self.left_out(at, attributes[name], *theirs[:2])
                elif isinstance(kind, list) and kind[0] == "map" and theirs[1] is not True:
                    self.map(at, ours[name], *theirs)
                else:
                    self.leaf(at, kind, ours[name], *theirs)
            elif name in blocks:
                self.blocks(blocks[name], at, ours, planned.get(name), unknown.get(name), applied.get(name))
            else:
                self.differs(at, ours.get(name), "the provider has no such argument")

    def blocks(self, schema, at, ours, planned, unknown, applied):
        name = at.rsplit(".", 1)[-1]
        inner = schema["block"]
        planned, unknown, applied = planned or [], unknown or [], applied or []
        if name not in ours:
            if planned and not self.is_noted(at):
                for one, hidden in zip(planned, unknown or [{}] * len(planned)):
                    # What may be in it is noted one by one, or lost.
                    self.block(inner, f"{at}.", {}, one, hidden, {})
            elif planned:
                self.verdicts[at] = "noted"
            return
        mine = ours[name]
        # A block that is not there says nothing; of what ours holds in its place the defaults are looked up.
        if len(mine) == 1 and not planned:
            planned, unknown, applied = [{}], [{}], [{}]
        if len(mine) != len(planned):
            self.differs(at, f"{len(mine)} blocks", f"{len(planned)} blocks")
            return
        if schema["nesting_mode"] == "set" and len(mine) > 1:
            self.differs(at, "several blocks in a set", "which have no order to be compared in")
            return
        for index, one in enumerate(mine):
            where = f"{at}." if len(mine) == 1 else f"{at}[{index}]."
            pick = lambda values: values[index] if index < len(values) else {}
            self.block(inner, where, one, pick(planned), pick(unknown), pick(applied))

    def map(self, at, ours, planned, unknown, applied):
        ours, planned = ours or {}, planned or {}
        unknown, applied = unknown if isinstance(unknown, dict) else {}, applied or {}
        for key in sorted({*ours, *planned, *unknown}):
            self.leaf(f"{at}.{key}", "string", ours.get(key), planned.get(key), unknown.get(key), applied.get(key))

    def leaf(self, at, kind, ours, planned, unknown, applied):
        name = at.rsplit(".", 1)[-1]
        default = DEFAULTS.get(self.kind, {}).get(without_indices(at))
        default = default(self.planned) if callable(default) else default
        if isinstance(applied, str):
            default = self.urls.get(applied, default)
        unset = ours is None or ours == []
        if any_true(unknown):
            if ours == KNOWN_AFTER_APPLY or (unset and made_up(applied) and default is None):
                self.verdicts[at] = "for AWS"
            elif not made_up(applied):
                self.judge(at, "applied", same(name, kind, ours, applied), ours, applied)
            elif default is not None:
                self.judge(at, "documented", same(name, kind, ours, default), ours, default)
            else:
                self.differs(at, ours, "only AWS knows, and no default is documented (DEFAULTS)")
        elif planned is None or planned == []:
            if unset and default is None:
                self.verdicts[at] = "unset"
            else:
                agree = default is not None and same(name, kind, ours, default)
                self.judge(at, "default", agree, ours, planned if default is None else default)
        else:
            self.judge(at, "compared", same(name, kind, ours, planned), ours, planned)

    def judge(self, at, verdict, agree, ours, theirs):
        if agree:
            self.verdicts[at] = verdict
        else:
            self.differs(at, ours, theirs)

    def is_noted(self, at):
        at = without_indices(at)
        return any(at == noted or at.startswith(f"{noted}.") for noted in self.noted)

    def left_out(self, at, attribute, planned, unknown):
        """What the plan says and the stack does not hold."""
        # Unknown without being computed: the configuration refers to something.
        # Nought is a number that somebody chose, whatever Python thinks of it and False.
        nought = planned == 0 and not isinstance(planned, bool)
        says = nought or planned not in (None, "", False, [], {}) or (any_true(unknown) and not attribute.get("computed"))
        if not says:
            return
        if self.is_noted(at):
            self.verdicts[at] = "noted"
        else:
            self.differs(at, "(not in the stack)", planned if planned is not None else "(known after apply)")


def is_data(address):
    return re.match(r"(module\.[^.]+\.)*data\.", address) is not None


def text_of(value):
    """A string, number or bool as the stack keeps it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else value
