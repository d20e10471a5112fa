"""botocore as the referee: every operation of docs/operations.md, each answer against its model.

Each service has a walk in walks/, which makes what it needs and calls every operation. Before an
operation succeeds for the first time, it is called with the very same parameters by a role without
permissions, and has to be denied. Every error's code must be declared by the operation or stand in
COMMON_ERRORS. A supported operation that no walk calls is a failure.
"""

import importlib
import json
import os
import pathlib
import re
import time

import boto3
import botocore.config
import botocore.exceptions

import function
from referee import Referee
from shapes import event_problems, problems

HERE = pathlib.Path(__file__).parent
# The heading in the document, and the client's name.
SERVICES = {
    "S3": "s3", "Lambda": "lambda", "SNS": "sns", "SQS": "sqs", "IAM": "iam", "STS": "sts",
    "CloudWatch Logs": "logs", "Secrets Manager": "secretsmanager",
}
# Errors that AWS documents for all operations of a service, outside of the models.
COMMON_ERRORS = {
    # https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    "s3": {
        "AccessDenied", "BadDigest", "BucketAlreadyExists", "BucketAlreadyOwnedByYou",
        "BucketNotEmpty", "EntityTooSmall", "IllegalLocationConstraintException",
        "InvalidArgument", "InvalidBucketName", "InvalidLocationConstraint", "InvalidPart", "InvalidPartOrder", "InvalidRange",
        "InvalidRequest", "MalformedXML", "MalformedPolicy", "MethodNotAllowed", "NoSuchBucket",
        "NoSuchBucketPolicy", "NoSuchCORSConfiguration", "NoSuchKey",
        "NoSuchLifecycleConfiguration", "NoSuchPublicAccessBlockConfiguration", "NoSuchTagSet",
        "NoSuchUpload", "NoSuchVersion", "NoSuchWebsiteConfiguration",
        "ObjectLockConfigurationNotFoundError", "OwnershipControlsNotFoundError",
        "PreconditionFailed", "ReplicationConfigurationNotFoundError",
        "ServerSideEncryptionConfigurationNotFoundError", "InvalidTag",
        # A HEAD has no body, so botocore shows the status.
        "304", "400", "403", "404", "405", "412",
    },
    "lambda": {"AccessDeniedException", "ValidationException"},
    # https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html
    "sns": {"AuthorizationError", "ValidationError", "InvalidParameter", "NotFound"},
    "sqs": {"AccessDenied", "AccessDeniedException", "MissingParameter", "InvalidParameterValue"},
    "iam": {"AccessDenied", "ValidationError"},
    "sts": {"AccessDenied", "ValidationError"},
    "logs": {"AccessDeniedException"},
    "secretsmanager": {"AccessDeniedException", "ValidationException"},
}
# Where AWS itself departs from its models, seen in answers that people have published.
AS_ON_AWS = {
    "LocationConstraint is '', which its enumeration does not have",
    "NotificationConfiguration.QueueConfigurations[].Filter.Key.FilterRules[].Name is 'Prefix', which its enumeration does not have",
    "SimulatePolicyResponse.EvaluationResults[].MatchedStatements[].SourcePolicyType is 'IAM Policy', which its enumeration does not have",
}
DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "403"}
# SQS's clients know its errors by the codes of the older query protocol.
QUERY_CODES = {"NonExistentQueue": "QueueDoesNotExist", "QueueAlreadyExists": "QueueNameExists"}
# These need no permission.
NEVER_DENIED = {"GetCallerIdentity", "ConfirmSubscription", "GetSessionToken"}

CONFIG = botocore.config.Config(
    retries={"total_max_attempts": 1},
    s3={"addressing_style": "path"},
    parameter_validation=False,
    connect_timeout=5,
    read_timeout=60,
    # Live tail's `stream-` before the host.
    inject_host_prefix=False,
)


class Walker:
    """Calls operations of one service and judges what comes back."""

    def __init__(self, referee, service, powerless, role_arn):
        self.referee = referee
        self.service = service
        self.role_arn = role_arn
        self.client = self.watched(boto3.client(service, config=CONFIG))
        self.powerless = self.watched(boto3.client(service, config=CONFIG, **powerless))
        self.walked = set()
        self.denied = set()
        self.raw = None

    def watched(self, client):
        client.meta.events.register(f"response-received.{self.service}", self.keep)
        return client

    def keep(self, response_dict, **_):
        self.raw = response_dict

    def other(self, service):
        """A plain client of another service, for what a walk needs from there."""
        return boto3.client(service, config=CONFIG)

    def operation(self, name):
        method = re.sub(r"\W", "", name)
        return self.client.meta.service_model.operation_model(
            self.client.meta.method_to_api_mapping[method]
        )

    def call(self, name, **parameters):
        """A call that has to succeed. Returns the answer as botocore reads it."""
        operation = self.operation(name)
        if operation.name not in self.denied | NEVER_DENIED:
            self.denied.add(operation.name)
            self.refuse(DENIED, name, by=self.powerless, **parameters)
        answer = getattr(self.client, name)(**parameters)
        self.walked.add(operation.name)
        found = [problem for problem in problems(operation, self.raw) if problem not in AS_ON_AWS]
        self.referee.complain(f"{self.service} {operation.name}", found)
        return answer

    def follow(self, name, member, is_last, **parameters):
        """A call whose answer goes on: its messages, up to the first for which `is_last` holds."""
        answer = self.call(name, **parameters)
        operation = self.operation(name)
        told = []
        # botocore's own reading of messages leaves out what it does not know.
        for message in answer[member]._event_generator:
            found, event, value = event_problems(operation, message)
            self.referee.complain(f"{self.service} {operation.name}: {event}", found)
            told.append((event, value))
            if is_last(event, value):
                break
        answer[member].close()
        return told

    def refuse(self, expected, name, by=None, **parameters):
        """A call that has to fail with this code, or one of them."""
        operation = self.operation(name)
        expected = {expected} if isinstance(expected, str) else expected
        complaints = []
        try:
            getattr(by or self.client, name)(**parameters)
            complaints.append("it succeeded")
            code = None
        except botocore.exceptions.ClientError as error:
            code = error.response["Error"]["Code"]
            if not error.response["Error"].get("Message"):
                complaints.append("no message")
            if not error.response["ResponseMetadata"].get("RequestId"):
                complaints.append("no request identifier")
        declared = {
            code
            for shape in operation.error_shapes
            for code in (shape.name, shape.metadata.get("error", {}).get("code"))
        }
        if code is not None and code not in expected:
            complaints.append(f"{code} instead of {' or '.join(sorted(expected))}")
        known = (code or "").removeprefix("AWS.SimpleQueueService.")
        known = QUERY_CODES.get(known, known) if self.service == "sqs" else code
        if code is not None and known not in declared | COMMON_ERRORS[self.service]:
            complaints.append(f"{code} is neither declared nor common")
        who = " by a role without permissions" if by else ""
        self.referee.complain(f"{self.service} {operation.name} refused{who}", complaints)

    def until(self, name, done, **parameters):
        """Calls until `done(answer)`, half a minute at most."""
        limit = time.monotonic() + 30
        while True:
            answer = self.call(name, **parameters)
            if done(answer):
                return answer
            if time.monotonic() > limit:
                raise AssertionError(f"{name} never came to what was expected: {answer}")
            time.sleep(0.05)


def supported():
    """Service to operations, from the document that is generated from the emulator's tables."""
    found, heading = {}, None
    for line in (HERE / "../../../docs/operations.md").read_text().splitlines():
        if line.startswith("## "):
            heading = line[3:].strip()
            found[heading] = []
        elif row := re.match(r"\| ([A-Z][A-Za-z0-9]+) \|", line):
            if row[1] != "Operation":
                found[heading].append(row[1])
    return found


def powerless_role():
    """A role, and the credentials of a session of it, which a function hands out: an account's
    root may not assume roles."""
    iam, functions = boto3.client("iam", config=CONFIG), boto3.client("lambda", config=CONFIG)
    account = boto3.client("sts", config=CONFIG).get_caller_identity()["Account"]
    trust = {
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"AWS": f"arn:aws:iam::{account}:root", "Service": "lambda.amazonaws.com"},
        }],
    }
    role = iam.create_role(RoleName="powerless", AssumeRolePolicyDocument=json.dumps(trust))
    arn = role["Role"]["Arn"]
    functions.create_function(
        FunctionName="powerless", Runtime="provided.al2023", Handler="bootstrap", Role=arn,
        Code={"ZipFile": function.package(function.CREDENTIALS)},
    )
    answer = functions.invoke(FunctionName="powerless", Payload=b"{}")
    session = json.loads(answer["Payload"].read())
    return arn, {
        "aws_access_key_id": session["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": session["AWS_SECRET_ACCESS_KEY"],
        "aws_session_token": session["AWS_SESSION_TOKEN"],
    }


def main():
    referee = Referee()
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    role_arn, powerless = powerless_role()
    total = 0
    for heading, operations in supported().items():
        if heading not in SERVICES:
            referee.complain(heading, ["no client is known for this service"])
            continue
        service = SERVICES[heading]
        walker = Walker(referee, service, powerless, role_arn)
        with referee.case(f"{service}: the walk comes to its end"):
            importlib.import_module(f"walks.{service}_walk").walk(walker)
        not_walked = [name for name in operations if name not in walker.walked]
        referee.complain(f"{service}: every operation is walked", not_walked)
        total += len(operations)
        print(f"{service}: {len(walker.walked)} of {len(operations)} operations, each answer against its model")
    print(f"{total} operations are said to be supported")
    referee.finish()


if __name__ == "__main__":
    main()
