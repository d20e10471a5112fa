"""awslambdaric as the referee: AWS's own runtime client for Python runs handlers in the emulator.

The function is a plain `python3.x` deployment package; the client comes with the interpreter that
runs this check.
"""

import base64
import io
import json
import sys
import zipfile

import boto3
import botocore.config

from referee import Referee

RUNTIME = "python%d.%d" % sys.version_info[:2]
NAME = "awslambdaric-check"
ROLE_NAME = "awslambdaric-check-role"
HANDLER = '''
import os, sys, time

class Unlucky(Exception):
    pass

def handle(event, context):
    order = event.get("do")
    if order == "fail":
        raise Unlucky("the cards were against it")
    if order == "exit":
        os._exit(3)
    if order == "hang":
        time.sleep(3600)
    if order == "print":
        print("to stdout")
        print("to stderr", file=sys.stderr)
    if order == "context":
        return {
            "request": context.aws_request_id, "arn": context.invoked_function_arn,
            "name": context.function_name, "version": context.function_version,
            "memory": context.memory_limit_in_mb, "group": context.log_group_name,
            "stream": context.log_stream_name, "left": context.get_remaining_time_in_millis(),
            "custom": context.client_context and context.client_context.custom,
        }
    if order == "environment":
        return dict(os.environ)
    return event
'''

referee = Referee()
# Answers may take as long as functions do, and a second attempt would hide a lost one.
config = botocore.config.Config(retries={"max_attempts": 0}, read_timeout=60)
awslambda = boto3.client("lambda", config=config)
iam = boto3.client("iam", config=config)


def package(source):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo("app.py")
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, source)
    return buffer.getvalue()


def invoke(event, name=NAME, **more):
    answer = awslambda.invoke(
        FunctionName=name, Payload=json.dumps(event), LogType="Tail", **more)
    log = base64.b64decode(answer["LogResult"]).decode()
    return json.load(answer["Payload"]), answer.get("FunctionError"), log, answer


trust = {"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
    "Action": "sts:AssumeRole"}]}
role = iam.create_role(RoleName=ROLE_NAME, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
settings = {"Runtime": RUNTIME, "Role": role, "Timeout": 2, "MemorySize": 256}
arn = awslambda.create_function(
    FunctionName=NAME, Handler="app.handle", Code={"ZipFile": package(HANDLER)},
    Environment={"Variables": {"COLOUR": "blue"}}, **settings)["FunctionArn"]
awslambda.create_function(
    FunctionName=NAME + "-lost", Handler="missing.handle", Code={"ZipFile": package(HANDLER)},
    **settings)

with referee.case("an event comes back"):
    payload, error, log, _ = invoke({"umlaut": "ü", "list": [1, None]})
    assert (payload, error) == ({"umlaut": "ü", "list": [1, None]}, None), (payload, log)
with referee.case("an exception has its type, message and stack"):
    payload, error, log, _ = invoke({"do": "fail"})
    assert error == "Unhandled", payload
    assert payload["errorType"] == "Unlucky", payload
    assert payload["errorMessage"] == "the cards were against it", payload
    assert "in handle" in "".join(payload["stackTrace"]), payload
    assert "[ERROR] Unlucky: the cards were against it" in log, log
with referee.case("the log has both outputs between START and END"):
    _, _, log, _ = invoke({"do": "print"})
    lines = log.splitlines()
    assert lines[0].startswith("START RequestId: "), log
    assert lines[1:3] == ["to stdout", "to stderr"], log
    assert lines[3].startswith("END RequestId: "), log
with referee.case("the context says what Lambda knows"):
    custom = {"client": {}, "custom": {"a": "b"}, "env": {}}
    told, _, log, answer = invoke(
        {"do": "context"}, ClientContext=base64.b64encode(json.dumps(custom).encode()).decode())
    left = told.pop("left")
    assert 0 < left <= 2000, left
    assert "/[$LATEST]" in told.pop("stream")
    assert told == {
        "request": answer["ResponseMetadata"]["RequestId"], "arn": arn, "name": NAME,
        "version": "$LATEST", "memory": "256", "group": "/aws/lambda/" + NAME,
        "custom": {"a": "b"}}, told
with referee.case("the variables are those of the managed runtime and the function's"):
    variables, _, _, _ = invoke({"do": "environment"})
    assert variables["AWS_EXECUTION_ENV"] == "AWS_Lambda_" + RUNTIME, variables
    assert variables["_HANDLER"] == "app.handle"
    assert variables["COLOUR"] == "blue"
    assert variables["_X_AMZN_TRACE_ID"].startswith("Root=1-")
    assert "HOME" not in variables and "VIRTUAL_ENV" not in variables
with referee.case("an exit ends the environment, and the next one works"):
    payload, error, log, _ = invoke({"do": "exit"})
    assert payload["errorType"] == "Runtime.ExitError", payload
    assert payload["errorMessage"].endswith("Runtime exited with error: exit status 3"), payload
    assert invoke({"again": 1})[0] == {"again": 1}
with referee.case("a timeout is told in Lambda's words"):
    payload, error, log, _ = invoke({"do": "hang"})
    assert payload["errorType"] == "Sandbox.Timedout", payload
    assert payload["errorMessage"].endswith("Task timed out after 2.00 seconds"), payload
    assert log.rstrip().endswith("Status: timeout"), log
with referee.case("a handler that is not there is the client's own error"):
    payload, error, log, _ = invoke({}, name=NAME + "-lost")
    assert payload["errorType"] == "Runtime.ImportModuleError", payload
    assert "No module named 'missing'" in payload["errorMessage"], payload

for name in (NAME, NAME + "-lost"):
    awslambda.delete_function(FunctionName=name)
iam.delete_role(RoleName=ROLE_NAME)
referee.finish()
