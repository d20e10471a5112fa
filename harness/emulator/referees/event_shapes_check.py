"""Powertools as the referee: its models of events parse what the emulator's services really send.

Objects and messages of every kind are made; what a function or a queue gets of them is parsed by
`aws_lambda_powertools`, whose models are made to refuse members that they do not have.
"""

import base64
import http.server
import json
import queue
import threading
import urllib.parse

import boto3
import botocore.config
import pydantic
from aws_lambda_powertools.utilities.parser import models
from aws_lambda_powertools.utilities.parser.models import S3Model, SnsModel, SqsModel
from aws_lambda_powertools.utilities.parser.models import s3 as s3_models, sns as sns_models

import function
from referee import Referee

NAME = "event-shapes"
# How long an event may take, in seconds.
PATIENCE = 30

referee = Referee()
config = botocore.config.Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
s3, sns, sqs, awslambda, iam = (
    boto3.client(name, config=config) for name in ("s3", "sns", "sqs", "lambda", "iam"))


def refuse_unknown_members():
    """Makes the models refuse what they do not know, those inside of others first."""
    kinds, more = set(), [pydantic.BaseModel]
    while more:
        more = [kind for parent in more for kind in parent.__subclasses__()]
        kinds.update(kind for kind in more if kind.__module__.startswith(models.__name__))
    for kind in kinds:
        kind.model_config["extra"] = "forbid"
    for _ in range(4):
        for kind in kinds:
            kind.model_rebuild(force=True)


# What the function was called with, in order.
events = queue.Queue()


class Listener(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        events.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def invoked():
    """The next event of the function."""
    return events.get(timeout=PATIENCE)


def queued(url):
    """The next message of a queue, deleted."""
    for _ in range(PATIENCE // 10):
        found = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10, AttributeNames=["All"],
                                    MessageAttributeNames=["All"]).get("Messages", [])
        for message in found:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return message
    raise AssertionError("no message came")


def make_queue(name, **attributes):
    anybody = {"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}}
    url = sqs.create_queue(QueueName=name, Attributes={"Policy": json.dumps(anybody), **attributes})["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def s3_record(event):
    [record] = S3Model.model_validate(event).Records
    return record


refuse_unknown_members()
listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
threading.Thread(target=listener.serve_forever, daemon=True).start()
tell = 'urllib.request.urlopen("http://127.0.0.1:%d", event).read() or event' % listener.server_port
trust = {"Version": "2012-10-17", "Statement": {
    "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}}
role = iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
iam.put_role_policy(RoleName=NAME, PolicyName="queues", PolicyDocument=json.dumps({
    "Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}}))
arn = awslambda.create_function(
    FunctionName=NAME, Handler="bootstrap", Runtime="provided.al2023", Role=role, Timeout=20,
    Code={"ZipFile": function.package(tell)})["FunctionArn"]
for service in ("s3", "sns"):
    awslambda.add_permission(FunctionName=NAME, StatementId=service, Action="lambda:InvokeFunction",
                             Principal=f"{service}.amazonaws.com")
ends, ends_arn = make_queue(NAME + "-ends")
awslambda.put_function_event_invoke_config(
    FunctionName=NAME, MaximumRetryAttempts=0, DestinationConfig={"OnSuccess": {"Destination": ends_arn}})

with referee.case("the models refuse members that they do not have, wherever they are"):
    kinds = (S3Model, models.S3RecordModel, s3_models.S3Object, s3_models.S3Bucket, SnsModel, models.SnsNotificationModel,
             sns_models.SnsMsgAttributeModel, SqsModel, models.SqsRecordModel, models.SqsAttributesModel)
    for model in kinds:
        try:
            model.model_validate({"eventName": "ObjectRemoved:Delete", "s3": {"object": {"key": "a"}}, "unheardOf": 1})
        except pydantic.ValidationError as error:
            found = {(problem["type"], problem["loc"]) for problem in error.errors()}
            assert ("extra_forbidden", ("unheardOf",)) in found, (model, found)

# S3

bucket = NAME + "-bucket"
s3.create_bucket(Bucket=bucket)
s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
plain = NAME + "-plain"
s3.create_bucket(Bucket=plain)
for name in (bucket, plain):
    s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration={
        "LambdaFunctionConfigurations": [{"Id": "the-rule", "LambdaFunctionArn": arn, "Events": [
            "s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectTagging:*"]}]})

KEYS = ["plain.csv", "with space.csv", "größer/ü.csv", "a+b&c=d?e%20f.csv", "日本/\U0001f4ee.csv", "'(*)!~.csv"]
for key in KEYS:
    with referee.case(f"s3: {key} arrives as it was called"):
        version = s3.put_object(Bucket=bucket, Key=key, Body=b"12345")["VersionId"]
        record = s3_record(invoked())
        assert urllib.parse.unquote_plus(record.s3.object.key) == key, record.s3.object.key
        assert record.eventName == "ObjectCreated:Put", record
        assert (record.s3.object.size, record.s3.object.versionId) == (5, version), record
        assert record.s3.configurationId == "the-rule" and record.s3.bucket.name == bucket, record
with referee.case("s3: a bucket without versions tells of none"):
    etag = s3.put_object(Bucket=plain, Key="a", Body=b"")["ETag"].strip('"')
    record = s3_record(invoked())
    assert (record.s3.object.size, record.s3.object.eTag) == (0, etag), record
    assert record.s3.object.versionId is None, record
with referee.case("s3: a copy"):
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": KEYS[1]})
    record = s3_record(invoked())
    assert (record.eventName, record.s3.object.size) == ("ObjectCreated:Copy", 5), record
with referee.case("s3: an upload in parts"):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1, Body=b"x" * 9)
    s3.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload={
        "Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    record = s3_record(invoked())
    assert record.eventName == "ObjectCreated:CompleteMultipartUpload", record
    assert record.s3.object.size == 9 and record.s3.object.eTag.endswith("-1"), record
with referee.case("s3: tags"):
    s3.put_object_tagging(Bucket=bucket, Key="copy", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    # The model wants the size of all but removed objects; AWS's own events of tags have none.
    event = invoked()
    assert event["Records"][0]["eventName"] == "ObjectTagging:Put", event
    event["Records"][0]["s3"]["object"].setdefault("size", 0)
    s3_record(event)
with referee.case("s3: a delete marker, and a version that is deleted"):
    marker = s3.delete_object(Bucket=bucket, Key="copy")["VersionId"]
    record = s3_record(invoked())
    assert (record.eventName, record.s3.object.versionId) == ("ObjectRemoved:DeleteMarkerCreated", marker), record
    s3.delete_object(Bucket=bucket, Key="copy", VersionId=marker)
    record = s3_record(invoked())
    assert (record.eventName, record.s3.object.size) == ("ObjectRemoved:Delete", None), record
with referee.case("s3: several objects deleted at once are told one by one"):
    s3.put_object(Bucket=plain, Key="b", Body=b"")
    invoked()
    s3.delete_objects(Bucket=plain, Delete={"Objects": [{"Key": "a"}, {"Key": "b"}]})
    records = [s3_record(invoked()) for _ in range(2)]
    assert {(record.eventName, record.s3.object.key) for record in records} == {
        ("ObjectRemoved:Delete", "a"), ("ObjectRemoved:Delete", "b")}, records

# Destinations: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html

with referee.case("a destination's record is as documented, with the event in it"):
    told = json.loads(queued(ends)["Body"])
    assert set(told) == {"version", "timestamp", "requestContext", "requestPayload", "responseContext",
                         "responsePayload"}, told
    assert set(told["requestContext"]) == {"requestId", "functionArn", "condition", "approximateInvokeCount"}, told
    assert told["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}, told
    assert told["requestContext"]["functionArn"] == f"{arn}:$LATEST", told
    assert told["requestContext"]["condition"] == "Success", told
    s3_record(told["requestPayload"])
    assert told["responsePayload"] == told["requestPayload"], told
awslambda.delete_function_event_invoke_config(FunctionName=NAME)

# S3 to a queue, and by a topic to a queue

jobs, jobs_arn = make_queue(NAME + "-jobs")
topic = sns.create_topic(Name=NAME, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": {
    "Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "*"}})})["TopicArn"]
for kind, target in (("Queue", jobs_arn), ("Topic", topic)):
    with referee.case(f"s3: the event for a {kind.lower()} is the same"):
        if kind == "Topic":
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=jobs_arn)
        s3.put_bucket_notification_configuration(Bucket=plain, NotificationConfiguration={
            f"{kind}Configurations": [{"Id": "q", f"{kind}Arn": target, "Events": ["s3:ObjectCreated:*"]}]})

        def body():
            text = json.loads(queued(jobs)["Body"])
            if kind == "Queue":
                return text
            return json.loads(models.SnsNotificationModel.model_validate(text).Message)
        assert body()["Event"] == "s3:TestEvent"
        s3.put_object(Bucket=plain, Key="ü b", Body=b"1")
        record = s3_record(body())
        assert urllib.parse.unquote_plus(record.s3.object.key) == "ü b", record

# SNS

ATTRIBUTES = {
    "text": {"DataType": "String", "StringValue": "größer"},
    "number": {"DataType": "Number", "StringValue": "1.5"},
    "list": {"DataType": "String.Array", "StringValue": '["a", 1]'},
    "bytes": {"DataType": "Binary", "BinaryValue": b"\0\xff"},
}
AS_TOLD = {
    "text": ("String", "größer"), "number": ("Number", "1.5"), "list": ("String.Array", '["a", 1]'),
    "bytes": ("Binary", base64.b64encode(b"\0\xff").decode()),
}
subscription = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)["SubscriptionArn"]


def attributes_of(message):
    return {name: (value.Type, value.Value) for name, value in (message.MessageAttributes or {}).items()}


for subject in (None, "the subject"):
    with referee.case(f"sns: a message with the subject {subject}, for a function and a queue"):
        given = {"Subject": subject} if subject else {}
        identifier = sns.publish(TopicArn=topic, Message="ü\n\"text\"", MessageAttributes=ATTRIBUTES, **given)["MessageId"]
        [record] = SnsModel.model_validate(invoked()).Records
        assert record.EventSubscriptionArn == subscription, record
        envelope = models.SnsNotificationModel.model_validate(json.loads(queued(jobs)["Body"]))
        for message in (record.Sns, envelope):
            assert (message.MessageId, message.Subject, message.Message) == (identifier, subject, "ü\n\"text\""), message
            assert attributes_of(message) == AS_TOLD, message
            assert message.TopicArn == topic and message.Signature and message.SigningCertUrl, message
sns.unsubscribe(SubscriptionArn=subscription)

# SQS

mapping = awslambda.create_event_source_mapping(
    FunctionName=NAME, EventSourceArn=jobs_arn, BatchSize=1)["UUID"]
with referee.case("sqs: a message with attributes"):
    known = {name: value for name, value in ATTRIBUTES.items() if name != "list"}
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5e1b4151-5ac6c58239c1e5b4"}}
    sent = sqs.send_message(QueueUrl=jobs, MessageBody="größer", MessageAttributes=known, MessageSystemAttributes=trace)
    [record] = SqsModel.model_validate(invoked()).Records
    assert (record.messageId, record.body, record.md5OfBody) == (
        sent["MessageId"], "größer", sent["MD5OfMessageBody"]), record
    assert record.md5OfMessageAttributes == sent["MD5OfMessageAttributes"], record
    assert record.messageAttributes["text"].stringValue == "größer", record
    assert base64.b64decode(record.messageAttributes["bytes"].binaryValue) == b"\0\xff", record
    assert record.attributes.AWSTraceHeader == "Root=1-5e1b4151-5ac6c58239c1e5b4", record
    assert record.attributes.ApproximateReceiveCount == "1" and record.eventSourceARN == jobs_arn, record
with referee.case("sqs: a message without attributes"):
    sqs.send_message(QueueUrl=jobs, MessageBody="{}")
    [record] = SqsModel.model_validate(invoked()).Records
    assert record.messageAttributes == {} and record.md5OfMessageAttributes is None, record
with referee.case("sqs: an object's event by way of a topic and a queue"):
    s3.put_object(Bucket=plain, Key="by way", Body=b"1")
    [record] = models.S3SqsEventNotificationModel.model_validate(
        {"Records": [{**record, "body": json.loads(record["body"])["Message"]} for record in invoked()["Records"]]}).Records
    assert record.body.Records[0].s3.object.key == "by+way", record
awslambda.delete_event_source_mapping(UUID=mapping)

# FIFO

line, line_arn = make_queue(NAME + ".fifo", FifoQueue="true", ContentBasedDeduplication="true")
mapping = awslambda.create_event_source_mapping(FunctionName=NAME, EventSourceArn=line_arn)["UUID"]
with referee.case("fifo: a message of a queue has its group, its order and its twin's name"):
    sent = sqs.send_message(QueueUrl=line, MessageBody="first", MessageGroupId="g")
    [record] = SqsModel.model_validate(invoked()).Records
    attributes = record.attributes
    assert (attributes.MessageGroupId, attributes.SequenceNumber) == ("g", sent["SequenceNumber"]), record
    assert len(attributes.MessageDeduplicationId) == 64 and record.body == "first", record
awslambda.delete_event_source_mapping(UUID=mapping)

with referee.case("nothing else has come"):
    assert events.empty(), events.get()

for name in (bucket, plain):
    s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration={})
    for version in sum((page.get("Versions", []) + page.get("DeleteMarkers", [])
                        for page in s3.get_paginator("list_object_versions").paginate(Bucket=name)), []):
        s3.delete_object(Bucket=name, Key=version["Key"], VersionId=version["VersionId"])
    s3.delete_bucket(Bucket=name)
for url in (ends, jobs, line):
    sqs.delete_queue(QueueUrl=url)
sns.delete_topic(TopicArn=topic)
awslambda.delete_function(FunctionName=NAME)
iam.delete_role_policy(RoleName=NAME, PolicyName="queues")
iam.delete_role(RoleName=NAME)
listener.shutdown()
referee.finish()
