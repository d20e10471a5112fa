"""Answers as they came over the wire, against the shapes that botocore's models declare.

botocore itself forgives nearly everything: it ignores what it does not know and leaves out what is
missing. Here nothing is forgiven: no unknown member, no missing required one, the right types,
timestamps that parse in the declared format, values that the enumeration has.
"""

import base64
import json
import re
import xml.etree.ElementTree as ET

from botocore import utils

# Headers that every answer may carry, whatever its shape says.
COMMON_HEADERS = {
    "x-amz-request-id", "x-amz-id-2", "x-amzn-requestid", "x-amzn-trace-id", "x-amz-crc32",
    "x-amzn-errortype", "x-amzn-query-error",
}
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$")
HTTP_DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$")


def problems(operation, response):
    """What is wrong with a success, `response` being botocore's dictionary of it."""
    found = []
    shape = operation.output_shape
    protocol = operation.service_model.metadata["protocol"]
    headers = {name.lower(): value for name, value in response["headers"].items()}
    body = response["body"]
    expected = operation.http.get("responseCode", 200)
    allowed = {expected, 204} if protocol == "rest-xml" else {expected}
    dynamic = shape is not None and any(
        m.serialization.get("location") == "statusCode" for m in shape.members.values()
    )
    if response["status_code"] not in allowed and not dynamic:
        # Ranges and S3's removals, whose models say 204 in words only.
        if not (response["status_code"] == 206 and "content-range" in headers):
            found.append(f"status {response['status_code']} instead of {expected}")
    if protocol == "query":
        document(operation, shape, body, found)
    elif operation.has_event_stream_output:
        if headers.get("content-type") != "application/vnd.amazon.eventstream":
            found.append(f"content type {headers.get('content-type')}")
    elif protocol == "json":
        if "application/x-amz-json" not in headers.get("content-type", ""):
            found.append(f"content type {headers.get('content-type')}")
        value = json.loads(body) if body else {}
        if shape is not None:
            from_json(shape, value, shape.name, found, "unixTimestamp")
        elif value:
            found.append(f"a body where none is declared: {value}")
    else:
        rest(operation, shape, protocol, headers, body, found)
    return found


def event_problems(operation, message):
    """What is wrong with one message of an answer that goes on, and what it is: its name and value."""
    found = []
    events = operation.get_event_stream_output()
    kind = message.headers[":message-type"]
    name = message.headers.get(f":{kind}-type")
    value = json.loads(message.payload)
    if message.headers.get(":content-type") != "application/x-amz-json-1.1":
        found.append(f"content type {message.headers.get(':content-type')}")
    if name in events.members:
        from_json(events.members[name], value, name, found, "unixTimestamp")
    else:
        found.append(f"the {kind} {name} is not declared")
    return found, name, value


def document(operation, shape, body, found):
    """The query protocol's envelope around the result."""
    root = ET.fromstring(body)
    if plain(root.tag) != f"{operation.name}Response":
        found.append(f"the document is a {plain(root.tag)}")
    space = operation.service_model.metadata.get("xmlNamespace")
    if space and not root.tag.startswith("{" + space + "}"):
        found.append(f"namespace of {root.tag}")
    children = {plain(child.tag): child for child in root}
    if "ResponseMetadata" not in children:
        found.append("no ResponseMetadata")
    elif children["ResponseMetadata"].find(".//{*}RequestId") is None:
        found.append("no RequestId")
    if shape is None:
        return
    wrapper = shape.serialization.get("resultWrapper")
    if wrapper not in children:
        if shape.members:
            found.append(f"no {wrapper}")
        return
    from_xml(shape, children[wrapper], shape.name, found)


def rest(operation, shape, protocol, headers, body, found):
    declared = set()
    payload = None
    members = shape.members if shape is not None else {}
    if shape is not None:
        payload = shape.serialization.get("payload")
        for name, member in members.items():
            location = member.serialization.get("location")
            if location == "header":
                header = member.serialization["name"].lower()
                declared.add(header)
                if header in headers:
                    from_text(member, headers[header], f"{shape.name}.{name}", found, "rfc822")
                elif name in shape.required_members:
                    found.append(f"{shape.name}.{name} is required, and missing")
            elif location == "headers":
                prefix = member.serialization["name"].lower()
                declared |= {header for header in headers if header.startswith(prefix)}
    for header in headers:
        if header.startswith("x-amz") and header not in declared | COMMON_HEADERS:
            found.append(f"the header {header} is not declared")
    streaming = payload is not None and shape.members[payload].type_name == "blob"
    if streaming:
        return
    in_body = {n: m for n, m in members.items() if "location" not in m.serialization}
    if payload is not None and shape.members[payload].type_name == "string":
        return
    if not in_body:
        if body and body.strip():
            found.append(f"a body where none is declared: {body[:200]!r}")
        return
    if protocol == "rest-json":
        value = json.loads(body) if body else {}
        target = shape.members[payload] if payload else shape
        from_json(target, value, target.name, found, "unixTimestamp", skip_located=True)
        return
    if not body:
        required = [n for n in in_body if n in shape.required_members]
        found.extend(f"{shape.name}.{n} is required, and missing" for n in required)
        return
    root = ET.fromstring(body)
    target = shape.members[payload] if payload else shape
    if target.serialization.get("name", plain(root.tag)) != plain(root.tag):
        found.append(f"the document is a {plain(root.tag)}")
    if operation.name == "GetBucketLocation":
        # The one answer whose root is its only member.
        from_text(shape.members["LocationConstraint"], root.text or "", "LocationConstraint", found, "iso8601")
        return
    from_xml(target, root, target.name, found)


def from_xml(shape, node, at, found):
    kind = shape.type_name
    if kind == "structure":
        known = {}
        attributes = {}
        for name, member in shape.members.items():
            if member.serialization.get("location") in ("header", "headers", "statusCode"):
                continue
            tag = member.serialization.get("name", name)
            if member.serialization.get("xmlAttribute"):
                attributes[tag.split(":")[-1]] = name
                continue
            if member.type_name == "list" and member.serialization.get("flattened"):
                tag = member.member.serialization.get("name", tag)
                tag = member.serialization.get("name", tag)
            known[tag] = (name, member)
        seen = {}
        for child in node:
            tag = plain(child.tag)
            if tag not in known:
                found.append(f"{at}.{tag} is not declared")
                continue
            seen.setdefault(tag, []).append(child)
        for tag, children in seen.items():
            name, member = known[tag]
            if member.type_name == "list" and member.serialization.get("flattened"):
                for child in children:
                    from_xml(member.member, child, f"{at}.{name}[]", found)
                continue
            if len(children) > 1:
                found.append(f"{at}.{name} occurs {len(children)} times")
            from_xml(member, children[0], f"{at}.{name}", found)
        for name in shape.required_members:
            tags = [tag for tag, (known_name, _) in known.items() if known_name == name]
            if tags and tags[0] not in seen:
                member = known[tags[0]][1]
                # An empty flattened list is no element at all.
                if not (member.type_name == "list" and member.serialization.get("flattened")):
                    found.append(f"{at}.{name} is required, and missing")
    elif kind == "list":
        tag = shape.member.serialization.get("name", "member")
        for child in node:
            if plain(child.tag) != tag:
                found.append(f"{at} has a {plain(child.tag)} instead of a {tag}")
            from_xml(shape.member, child, f"{at}[]", found)
    elif kind == "map":
        key = shape.key.serialization.get("name", "key")
        value = shape.value.serialization.get("name", "value")
        for entry in node:
            parts = {plain(part.tag): part for part in entry}
            if set(parts) - {key, value} or key not in parts:
                found.append(f"{at} has an entry of {sorted(parts)}")
                continue
            from_xml(shape.key, parts[key], f"{at}.key", found)
            if value in parts:
                from_xml(shape.value, parts[value], f"{at}[{parts[key].text}]", found)
    else:
        from_text(shape, node.text or "", at, found, "iso8601")


def from_json(shape, value, at, found, time_format, skip_located=False):
    kind = shape.type_name
    if value is None:
        found.append(f"{at} is null")
    elif kind == "structure":
        if not isinstance(value, dict):
            found.append(f"{at} is {type(value).__name__} instead of an object")
            return
        members = {
            member.serialization.get("name", name): (name, member)
            for name, member in shape.members.items()
            if not (skip_located and "location" in member.serialization)
        }
        for key, inner in value.items():
            if key not in members:
                found.append(f"{at}.{key} is not declared")
            elif inner is not None:
                from_json(members[key][1], inner, f"{at}.{key}", found, time_format)
        for name in shape.required_members:
            keys = [key for key, (known, _) in members.items() if known == name]
            if keys and value.get(keys[0]) is None:
                found.append(f"{at}.{name} is required, and missing")
    elif kind == "list":
        if not isinstance(value, list):
            found.append(f"{at} is {type(value).__name__} instead of a list")
            return
        for inner in value:
            from_json(shape.member, inner, f"{at}[]", found, time_format)
    elif kind == "map":
        if not isinstance(value, dict):
            found.append(f"{at} is {type(value).__name__} instead of a map")
            return
        for key, inner in value.items():
            from_text(shape.key, key, f"{at}.key", found, time_format)
            from_json(shape.value, inner, f"{at}[{key}]", found, time_format)
    elif kind == "string":
        if isinstance(value, str):
            from_text(shape, value, at, found, time_format)
        else:
            found.append(f"{at} is {type(value).__name__} instead of a string")
    elif kind in ("integer", "long"):
        if not isinstance(value, int) or isinstance(value, bool):
            found.append(f"{at} is {value!r} instead of a whole number")
    elif kind in ("float", "double"):
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            found.append(f"{at} is {value!r} instead of a number")
    elif kind == "boolean":
        if not isinstance(value, bool):
            found.append(f"{at} is {value!r} instead of a boolean")
    elif kind == "timestamp":
        declared = shape.serialization.get("timestampFormat", time_format)
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if number != (declared == "unixTimestamp"):
            found.append(f"{at} is {value!r}, declared as {declared}")
        elif not number:
            from_text(shape, value, at, found, declared)
    elif kind == "blob":
        base64.b64decode(value, validate=True)


def from_text(shape, text, at, found, time_format):
    kind = shape.type_name
    if kind == "string":
        if getattr(shape, "enum", None) and text not in shape.enum:
            found.append(f"{at} is {text!r}, which its enumeration does not have")
    elif kind in ("integer", "long"):
        if not re.fullmatch(r"-?\d+", text):
            found.append(f"{at} is {text!r} instead of a whole number")
    elif kind == "boolean":
        if text not in ("true", "false"):
            found.append(f"{at} is {text!r} instead of true or false")
    elif kind == "timestamp":
        declared = shape.serialization.get("timestampFormat", time_format)
        pattern = {"iso8601": ISO, "rfc822": HTTP_DATE}.get(declared)
        if pattern and not pattern.match(text):
            found.append(f"{at} is {text!r}, declared as {declared}")
        utils.parse_timestamp(float(text) if declared == "unixTimestamp" else text)
    elif kind == "blob":
        base64.b64decode(text, validate=True)


def plain(tag):
    return tag.rsplit("}", 1)[-1]
