"""Does the comparison tell? Alters what the stack says, one value at a time."""

import collections
import copy
import json
import re

from values_comparison import DOCUMENTS, KNOWN_AFTER_APPLY, is_data


def self_check(everything, stack):
    """Alters each value in turn. Answers with how many, and which of them nobody noticed."""
    altered, unnoticed = 0, []
    noted = collections.defaultdict(set)
    for left_out in stack["not_emulated"]:
        noted[left_out["address"]].add(left_out["attribute"])
    for address, ours in stack["resources"].items():
        before = everything.resource(address, ours, noted[address] - {None})
        for path in leaves(ours["values"]):
            at = re.sub(r"\[0\](?=\.)", "", path_text(path))
            verdict = verdict_of(before.verdicts, path)
            if verdict == "for AWS":
                continue
            for changed in alterations(ours["values"], path):
                altered += 1
                after = everything.resource(address, {**ours, "values": changed}, noted[address] - {None})
                if not after.differences:
                    unnoticed.append(f"{address} {at} ({verdict})")
        without = copy.deepcopy(stack)
        del without["resources"][address]
        altered += 1
        if not everything.compare(without)[1]:
            unnoticed.append(f"{address} is gone")
    for index, left_out in enumerate(stack["not_emulated"]):
        if is_data(left_out["address"]):
            continue
        altered += 1
        fewer = stack["not_emulated"][:index] + stack["not_emulated"][index + 1 :]
        comparisons, missing, _ = everything.compare({**stack, "not_emulated": fewer})
        if not missing and not any(one.differences for one in comparisons):
            unnoticed.append(f"{left_out['address']} {left_out['attribute']} is not noted")
    for name, ours in stack["outputs"].items():
        if name in everything.outputs and everything.output(name, ours).verdicts["value"] != "for AWS":
            altered += 1
            if not everything.output(name, f"{ours}x").differences:
                unnoticed.append(f"output.{name}")
    return altered, unnoticed


def leaves(value, path=()):
    """The paths of all values that are compared as one."""
    if isinstance(value, dict) and value != KNOWN_AFTER_APPLY:
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*path, index))
    elif value != [] or not isinstance(value, list):
        yield path


def path_text(path):
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def verdict_of(verdicts, path):
    """Blocks that stand alone have no index in the paths of verdicts."""
    text = path_text(path)
    for at, verdict in verdicts.items():
        if re.fullmatch(re.escape(at).replace(r"\.", r"(\[0\])?\."), text):
            return verdict
    return None


def alterations(values, path):
    """Copies of `values` in which the value at `path` is another; of a document, one for each text in it."""

    def changed(replacement):
        result = copy.deepcopy(values)
        inner = result
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = replacement
        return result

    value = values
    for step in path:
        value = value[step]
    if path[-1] in DOCUMENTS and isinstance(value, str):
        parsed = json.loads(value)
        for inner in texts(parsed):
            result = copy.deepcopy(parsed)
            holder = result
            for step in inner[:-1]:
                holder = holder[step]
            holder[inner[-1]] = f"{holder[inner[-1]]}x"
            yield changed(json.dumps(result))
    elif isinstance(value, bool):
        yield changed(not value)
    elif isinstance(value, (int, float)):
        yield changed(value + 1)
    elif isinstance(value, list):
        yield changed([*value, "x"])
        yield changed(value[:-1])
    elif value == KNOWN_AFTER_APPLY:
        yield changed("x")
    else:
        yield changed(f"{value or ''}x")
        if value is not None:
            yield changed(None)


def texts(value, path=()):
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from texts(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from texts(inner, (*path, index))
    else:
        yield path
