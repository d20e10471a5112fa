"""An older botocore as the referee: SQS in the query protocol, which it spoke up to 1.31.80.

That botocore is in an environment of its own, since the other checks need a newer one. There this
very file runs again, against the same emulator.
"""

import os
import pathlib
import subprocess
import sys

from referee import Referee

OLD = "1.31.80"


def main():
    import boto3
    import botocore
    import botocore.exceptions

    referee = Referee()
    spoken = []
    sqs = boto3.client("sqs")
    referee.check("this botocore speaks the query protocol", sqs.meta.service_model.metadata["protocol"], "query")
    sqs.meta.events.register("before-send.sqs", lambda request, **_: spoken.append(request.headers.get("X-Amz-Target")))
    called = set()

    def call(operation, **parameters):
        called.add(sqs.meta.method_to_api_mapping[operation])
        answer = getattr(sqs, operation)(**parameters)
        assert answer.pop("ResponseMetadata")["RequestId"]
        return answer

    dead = call("create_queue", QueueName="query-dead")["QueueUrl"]
    dead_arn = call("get_queue_attributes", QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    url = call("create_queue", QueueName="query-jobs", Attributes={"VisibilityTimeout": "0", "DelaySeconds": "0"},
               tags={"team": "zips & <codes>"})["QueueUrl"]
    with referee.case("queues are found and described"):
        assert call("get_queue_url", QueueName="query-jobs") == {"QueueUrl": url}
        assert call("list_queues", QueueNamePrefix="query-") == {"QueueUrls": [dead, url]}
        call("set_queue_attributes", QueueUrl=url, Attributes={
            "RedrivePolicy": '{"deadLetterTargetArn":"%s","maxReceiveCount":1}' % dead_arn})
        found = call("get_queue_attributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert found["VisibilityTimeout"] == "0" and dead_arn in found["RedrivePolicy"], found
        assert call("list_dead_letter_source_queues", QueueUrl=dead) == {"queueUrls": [url]}
    with referee.case("tags come and go"):
        call("tag_queue", QueueUrl=url, Tags={"a": "b", "ü": "ö"})
        call("untag_queue", QueueUrl=url, TagKeys=["a"])
        assert call("list_queue_tags", QueueUrl=url) == {"Tags": {"team": "zips & <codes>", "ü": "ö"}}
    with referee.case("permissions are added and removed"):
        call("add_permission", QueueUrl=url, Label="l", AWSAccountIds=["123456789012"], Actions=["SendMessage"])
        call("remove_permission", QueueUrl=url, Label="l")
    with referee.case("a message with attributes comes as it was sent; botocore checks its digest"):
        sent = call("send_message", QueueUrl=url, MessageBody="<größer> & \"so\"\n", MessageAttributes={
            "text": {"DataType": "String", "StringValue": "ü"},
            "bytes": {"DataType": "Binary", "BinaryValue": b"\0\xff"}}, MessageSystemAttributes={
            "AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5e1b4151-5ac6c58239c1e5b4"}})
        assert sent["MD5OfMessageSystemAttributes"] and sent["MD5OfMessageAttributes"], sent
        [message] = call("receive_message", QueueUrl=url, AttributeNames=["All"], MessageAttributeNames=["All"],
                         VisibilityTimeout=30, WaitTimeSeconds=5, MaxNumberOfMessages=1)["Messages"]
        assert (message["MessageId"], message["Body"]) == (sent["MessageId"], "<größer> & \"so\"\n"), message
        assert message["MessageAttributes"]["text"] == {"DataType": "String", "StringValue": "ü"}, message
        assert message["MessageAttributes"]["bytes"]["BinaryValue"] == b"\0\xff", message
        assert message["Attributes"]["ApproximateReceiveCount"] == "1", message
        call("change_message_visibility", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=60)
        call("delete_message", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        assert call("receive_message", QueueUrl=url) == {}
    with referee.case("batches tell of each entry"):
        sent = call("send_message_batch", QueueUrl=url, Entries=[
            {"Id": "a", "MessageBody": "1"}, {"Id": "b", "MessageBody": "2", "DelaySeconds": 901}])
        assert [entry["Id"] for entry in sent["Successful"]] == ["a"], sent
        [failed] = sent["Failed"]
        assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("b", "InvalidParameterValue", True), failed
        [message] = call("receive_message", QueueUrl=url, VisibilityTimeout=30)["Messages"]
        handle = message["ReceiptHandle"]
        changed = call("change_message_visibility_batch", QueueUrl=url, Entries=[
            {"Id": "a", "ReceiptHandle": handle, "VisibilityTimeout": 60}])
        assert changed == {"Successful": [{"Id": "a"}]}, changed
        deleted = call("delete_message_batch", QueueUrl=url, Entries=[{"Id": "a", "ReceiptHandle": handle}])
        assert deleted == {"Successful": [{"Id": "a"}]}, deleted
    with referee.case("dead letters are moved back"):
        call("send_message", QueueUrl=url, MessageBody="once")
        call("receive_message", QueueUrl=url)
        assert call("receive_message", QueueUrl=url) == {}
        handle = call("start_message_move_task", SourceArn=dead_arn)["TaskHandle"]
        [task] = call("list_message_move_tasks", SourceArn=dead_arn)["Results"]
        assert task["SourceArn"] == dead_arn and task["Status"] in ("RUNNING", "COMPLETED"), task
        try:
            call("cancel_message_move_task", TaskHandle=handle)
        except botocore.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "ResourceNotFoundException", error
    with referee.case("errors have the codes of that time"):
        for code, operation, parameters in [
            ("AWS.SimpleQueueService.NonExistentQueue", "get_queue_url", {"QueueName": "query-none"}),
            ("AWS.SimpleQueueService.EmptyBatchRequest", "delete_message_batch", {"QueueUrl": url, "Entries": []}),
            ("ReceiptHandleIsInvalid", "delete_message", {"QueueUrl": url, "ReceiptHandle": "x"}),
        ]:
            try:
                call(operation, **parameters)
            except botocore.exceptions.ClientError as error:
                found = error.response["Error"]
                assert (found["Code"], found["Type"]) == (code, "Sender") and found["Message"], found
                assert error.response["ResponseMetadata"]["RequestId"], error.response
            else:
                raise AssertionError(f"{operation} was taken")
        try:
            call("get_queue_url", QueueName="query-none")
        except sqs.exceptions.QueueDoesNotExist:
            pass
        else:
            raise AssertionError("there is such a queue")
    with referee.case("a wrong key is refused in XML"):
        other = boto3.client("sqs", aws_secret_access_key="wrong", aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"])
        try:
            other.list_queues()
        except botocore.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "SignatureDoesNotMatch", error.response
        else:
            raise AssertionError("it was taken")
    with referee.case("queues are purged and deleted"):
        call("purge_queue", QueueUrl=url)
        call("delete_queue", QueueUrl=url)
        call("delete_queue", QueueUrl=dead)
        assert call("list_queues", QueueNamePrefix="query-") == {}
    referee.check("no request named its operation as the JSON protocol does", set(spoken), {None})
    referee.check("operations that were not called", set(sqs.meta.service_model.operation_names) - called, set())
    referee.finish()


if os.environ.get("SQS_QUERY_CHECK") == "inside":
    main()
cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
python = cache / "zipster" / f"botocore-{OLD}-venv" / "bin" / "python"
if not python.exists():
    subprocess.run([sys.executable, "-m", "venv", str(python.parent.parent)], check=True)
subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"boto3=={OLD.replace('1.31', '1.28')}",
                f"botocore=={OLD}"], check=True)
inside = {**os.environ, "SQS_QUERY_CHECK": "inside"}
sys.exit(subprocess.run([python, "-B", __file__], env=inside).returncode)
