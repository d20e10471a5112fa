"""Compares what the stack reader reads of a configuration with what Terraform itself plans, value by value.

Usage: terraform_values.py CONFIGURATION ROOT SCHEMA READER COMMAND...

CONFIGURATION says which variables to set (CONFIGURATIONS). ROOT is an initialised copy of the configuration, in which state and
variable files are written. SCHEMA is the provider's schema,
READER the program `stack_values` (harness/stack/examples), and COMMAND runs Terraform in ROOT.

For each set of variables Terraform plans and applies, with a provider that has the schema of AWS's and makes things up.
Each value that the stack holds then is one of these:

- compared: the plan knows it, and it has to be the same. Policies are compared as JSON, without regard to the order of
  actions, resources, principals and values of conditions.
- unknown to the plan, since it or a part of it is known after apply: ARNs, and what names them, such as most policies.
  Those are compared with the state after apply, in which ARNs are formed as AWS forms them; where the provider makes
  something up that AWS would not, with what AWS documents (DEFAULTS, and the URLs of queues). Where the stack holds
  nothing either, it is left to AWS by both.
- a default: the configuration says nothing, and what the real provider would fill in is not in its schema. It has to be
  what the provider's documentation says (DEFAULTS).

The other way round, what the plan says has to be in the stack or in its list of what is not emulated. So has every
resource, and every resource of the stack has to be planned. What Terraform refuses, the reader has to refuse (REFUSED).

Then each value is altered in turn, each resource and each note taken away, and a comparison that does not tell is an error.
"""

import collections
import copy
import json
import os
import pathlib
import re
import subprocess
import sys

from values_alterations import self_check
from values_comparison import Comparison, MADE_UP, is_data, text_of

EXISTING = {"database": "existing", "database_url": "mysql://user:password@host:3306/zipster"}

# The variables of terraform/, by what they are for. A list are options, as they would be typed.
SETS = {
    "the defaults": EXISTING,
    "readers": {
        **EXISTING,
        "notification_emails": ["b@example.com", "a@example.com"],
        "notification_phone_numbers": ["+15555550100"],
        "alarm_emails": ["c@example.com"],
        "error_file_days": 14,
    },
    "every step": {**EXISTING, "notification_emails": ["a@example.com"], "notify_every_step": True},
    "another processor, no limits": {
        **EXISTING,
        "architecture": "x86_64",
        "transform_concurrency": -1,
        "load_concurrency": -1,
        "project": "zips-2",
        "functions_dir": "packages",
    },
    "how long things are kept": {
        **EXISTING,
        "log_retention_days": 3653,
        "noncurrent_version_days": 7,
        "error_file_days": 1,
        "force_destroy": True,
    },
    "options": [
        "-var=database=existing",
        "-var=database_url=mysql://user:p=w@host/zipster",
        '-var=notification_emails=["a@example.com"]',
        "-var=error_file_days=30",
        "-var=load_concurrency=1",
        "-var=force_destroy=1",
    ],
    "a database on an instance": {"database": "ec2", "database_client_cidrs": ["203.0.113.7/32"]},
    "a database on RDS": {"notification_emails": ["a@example.com"]},
}

ANY_DATABASE = {
    "host": "host",
    "port": 3306,
    "name": "zipster",
    "secret_arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:any-abcdef",
}

# What neither may take for terraform/, as options.
REFUSED = [
    ["-var=database=existing"],
    ["-var=database_url=mysql://host/zipster"],
    ["-var=database=mysql"],
    ["-var=architecture=mips"],
    ["-var=project=A"],
    ["-var=error_file_days=0"],
    ["-var=error_file_days=many"],
    ["-var=load_concurrency=0"],
    ["-var=log_retention_days=2"],
    ["-var=force_destroy=yes"],
    ["-var=notification_emails=a@example.com"],
    ['-var=notification_emails=["nobody"]'],
    ['-var=notification_phone_numbers=["0555"]'],
    ['-var=database_client_cidrs=["0.0.0.0/0"]'],
    ["-var=vpc_cidr=10.0.0.0/8"],
    ["-var=projekt=zips"],
]

# harness/stack/tests/everything says in one configuration all that the reader takes.
CONFIGURATIONS = {
    "terraform": (SETS, REFUSED),
    "everything": ({"every argument": {}}, [["-var=days={ a = { expire = true } }"], ["-var=days={ a = [] }"]]),
}

TAGS_OUTPUT = "default_tags_of_the_provider"


class Everything:
    """All that Terraform says of one set of variables."""

    def __init__(self, plan, state, schema):
        self.schema = schema
        changes = [change for change in plan["resource_changes"] if change["mode"] == "managed"]
        self.planned = {change["address"]: change for change in changes}
        self.applied = {}
        modules = [state["values"]["root_module"]]
        for module in modules:
            modules.extend(module.get("child_modules", []))
            self.applied.update({resource["address"]: resource["values"] for resource in module.get("resources", [])})
        # The URLs of queues as SQS forms them, by what the stand-in made up.
        self.urls = {
            values["url"]: f"https://sqs.us-east-1.amazonaws.com/123456789012/{values['name']}"
            for address, values in self.applied.items()
            if re.search(r"(^|\.)aws_sqs_queue\.", address)
        }
        self.tags = plan["planned_values"]["outputs"][TAGS_OUTPUT]["value"]
        self.outputs = {name: change for name, change in plan["output_changes"].items() if name != TAGS_OUTPUT}
        self.applied_outputs = {name: output.get("value") for name, output in state["values"]["outputs"].items()}

    def resource(self, address, ours, noted):
        change = self.planned[address]["change"]
        planned = dict(change["after"])
        # What the provider merges, and its stand-in does not.
        if "tags_all" in ours["values"]:
            planned["tags_all"] = {**self.tags, **(planned.get("tags") or {})}
        unknown, applied = {**change["after_unknown"], "tags_all": {}}, self.applied[address]
        if ours["type"] == "aws_s3_bucket_lifecycle_configuration":
            planned, unknown, applied = with_plain_filters(planned, unknown, applied)
        comparison = Comparison(address, ours["type"], self.schema[ours["type"]]["block"], noted, self.urls)
        return comparison.whole(ours["values"], planned, unknown, applied)

    def output(self, name, ours):
        comparison = Comparison(f"output.{name}", "output", {}, (), self.urls)
        change = self.outputs[name]
        planned, applied = text_of(change.get("after")), text_of(self.applied_outputs.get(name))
        comparison.leaf("value", "dynamic", ours, planned, change.get("after_unknown"), applied)
        return comparison

    def compare(self, stack):
        """All comparisons, and what is on one side only."""
        noted = collections.defaultdict(set)
        for left_out in stack["not_emulated"]:
            noted[left_out["address"]].add(left_out["attribute"])
        known = set(stack["resources"])
        whole = {address for address, attributes in noted.items() if None in attributes and not is_data(address)}
        planned, outputs = set(self.planned), set(stack["outputs"]) - {TAGS_OUTPUT}
        missing = [(address, "", "(not there)", "planned") for address in sorted(planned - known - whole)]
        missing += [(address, "", "there", "(not planned)") for address in sorted((known | whole) - planned)]
        missing += [(address, "", "there, and not emulated", "planned") for address in sorted(known & whole)]
        missing += [(f"output.{name}", "", "(not there)", "planned") for name in sorted(set(self.outputs) - outputs)]
        missing += [(f"output.{name}", "", "there", "(not planned)") for name in sorted(outputs - set(self.outputs))]
        comparisons = [
            self.resource(address, ours, noted[address] - {None})
            for address, ours in stack["resources"].items()
            if address in self.planned
        ]
        comparisons += [self.output(name, ours) for name, ours in stack["outputs"].items() if name in self.outputs]
        return comparisons, missing, len(whole & set(self.planned))


def with_plain_filters(planned, *others):
    """Lifecycle rules with the conditions of `filter.and` in `filter` itself, as the stack has them."""
    planned, *others = copy.deepcopy([planned, *others])
    for index, rule in enumerate(planned["rule"]):
        for number, has in enumerate(rule["filter"]):
            if has["and"]:
                for values in (planned, *others):
                    values["rule"][index]["filter"][number] = values["rule"][index]["filter"][number]["and"][0]
    return planned, *others


def attempt(command):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_VAR_")}
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def run(command):
    result = attempt(command)
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{result.stdout}{result.stderr}")
    return result.stdout


def with_default_tags(root):
    """Has Terraform evaluate the provider's default tags, which only the provider sees, as an output."""
    for path in sorted(root.glob("*.tf")):
        found = re.search(r"default_tags \{\s*tags = (.*?)\n  \}", path.read_text(), re.DOTALL)
        if found:
            text = f'output "{TAGS_OUTPUT}" {{\n  value = {found[1]}\n}}\n'
            (root / f"{TAGS_OUTPUT}.tf").write_text(text)
            return
    sys.exit(f"no default_tags in {root}; mend the pattern")


def main() -> int:
    configuration, root, schema, reader, *terraform = sys.argv[1:]
    sets, all_refused = CONFIGURATIONS[configuration]
    root = pathlib.Path(root).resolve()
    (provider,) = json.loads(pathlib.Path(schema).read_text())["provider_schemas"].values()
    with_default_tags(root)
    for function in ("load", "transform"):
        package = root / "packages" / function / "bootstrap.zip"
        package.parent.mkdir(parents=True, exist_ok=True)
        package.write_bytes(function.encode())
    total, differences, unnoticed = collections.Counter(), [], []
    for title, variables in sets.items():
        for old in root.glob("terraform.tfstate*"):
            old.unlink()
        file = root / "set.tfvars.json"
        file.write_text(json.dumps(variables if isinstance(variables, dict) else {}))
        options = [f"-var-file={file}"] if isinstance(variables, dict) else variables
        plan_file = root / "set.plan"
        run([*terraform, "plan", "-no-color", "-input=false", f"-out={plan_file}", *options])
        plan = json.loads(run([*terraform, "show", "-json", plan_file]))
        run([*terraform, "apply", "-no-color", "-input=false", plan_file])
        state, secrets = with_secrets_named(run([*terraform, "show", "-json"]))
        everything = Everything(plan, json.loads(state), provider["resource_schemas"])
        stack = run([reader, root, *options, *database_of(everything)])
        for ours, name in secrets:
            stack = ours.sub(name, stack)
        stack = json.loads(stack)
        comparisons, missing, left_out = everything.compare(stack)
        counts = collections.Counter(verdict for one in comparisons for verdict in one.verdicts.values())
        found = [difference for one in comparisons for difference in one.differences] + missing
        counts["differences"] = len(found)
        counts["resources"] = len(stack["resources"])
        counts["resources not emulated"] = left_out
        print(f"{title}: {summary(counts)}")
        for address, path, ours, theirs in found:
            print(f"  {address} {path}\n    the stack: {json.dumps(ours)}\n    Terraform: {json.dumps(theirs)}")
        if os.environ.get("VERBOSE"):
            for one in comparisons:
                for at, verdict in one.verdicts.items():
                    print(f"  {verdict}: {one.address} {at}")
        differences += found
        total += counts
        if not found:
            altered, missed = self_check(everything, stack)
            total["altered"] += altered
            unnoticed += [f"{title}: {what}" for what in missed]
    print(f"{configuration}, the stack reader and Terraform, {len(sets)} sets of variables: {summary(total)}")
    # With nothing but this it is read, so that what is refused below is refused for the variable.
    read_options = [f"-database={json.dumps(ANY_DATABASE)}"]
    run([reader, root, *read_options])
    for options in all_refused:
        plan = attempt([*terraform, "plan", "-no-color", "-input=false", *options])
        read = attempt([reader, root, *read_options, *options])
        if not plan.returncode or not read.returncode or "variable `" not in read.stderr:
            differences.append(options)
            print(f"{options}: Terraform ended with {plan.returncode}, the reader with {read.returncode}")
            print(plan.stdout + plan.stderr + read.stderr)
    print(f"{configuration}: {len(all_refused)} sets of variables refused by Terraform and by the reader")
    for what in unnoticed:
        print(f"altered, and nobody noticed: {what}")
    noticed = total["altered"] - len(unnoticed)
    print(f"{configuration}: {total['altered']} alterations of what the stack says: {noticed} noticed")
    return 1 if differences or unnoticed else 0


def database_of(everything):
    """The database that Terraform made, which for the reader is that of the target."""
    for address, values in everything.applied.items():
        if re.search(r"(^|\.)aws_db_instance\.", address):
            database = {
                "host": values["address"],
                "port": values["port"],
                "name": values["db_name"],
                "secret_arn": values["master_user_secret"][0]["secret_arn"],
            }
            return [f"-database={json.dumps(database)}"]
    return []


def with_secrets_named(state):
    """The state with the ARNs of secrets by their addresses, and what these ARNs look like in the stack.

    Where only a prefix is given, the rest of the name and of the ARN is chance.
    """
    secrets = []
    resources = json.loads(state)["values"]["root_module"].get("resources", [])
    for resource in resources:
        values = resource["values"]
        is_secret = resource["type"] == "aws_secretsmanager_secret"
        if is_secret and values["name_prefix"] and not MADE_UP.search(values["name_prefix"]):
            name = f"(the ARN of {resource['address']})"
            state = state.replace(values["arn"], name)
            made_up = r"\d{26}-[0-9a-f]{6}"
            ours = f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{re.escape(values['name_prefix'])}{made_up}"
            secrets.append((re.compile(ours), name))
    return state, secrets


def summary(counts):
    unknown = counts["applied"] + counts["documented"] + counts["for AWS"]
    return (
        f"{counts['resources']} resources and {counts['resources not emulated']} not emulated; "
        f"{counts['compared']} values compared, {unknown} unknown to the plan ({counts['applied']} of them the same after "
        f"apply, {counts['documented']} as documented, {counts['for AWS']} left to AWS by both), "
        f"{counts['default']} defaults, {counts['noted']} noted as not emulated, {counts['differences']} differences"
    )


if __name__ == "__main__":
    sys.exit(main())
