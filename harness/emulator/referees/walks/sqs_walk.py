"""Every supported operation of SQS."""

import json

MISSING = {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}


def walk(w):
    url = w.call("create_queue", QueueName="walked", Attributes={"VisibilityTimeout": "0"}, tags={"team": "zips"})
    queue = {"QueueUrl": url["QueueUrl"]}
    other = {"QueueUrl": queue["QueueUrl"] + "-missing"}
    w.refuse({"QueueNameExists", "QueueAlreadyExists"}, "create_queue", QueueName="walked",
             Attributes={"VisibilityTimeout": "7"})
    w.refuse({"InvalidParameterValue"}, "create_queue", QueueName="no spaces")
    w.refuse({"InvalidAttributeName"}, "create_queue", QueueName="walked-2", Attributes={"Nonsense": "1"})
    w.call("get_queue_url", QueueName="walked")
    w.refuse(MISSING, "get_queue_url", QueueName="walked-missing")
    w.call("list_queues", QueueNamePrefix="walk", MaxResults=1)
    w.call("set_queue_attributes", **queue, Attributes={"MaximumMessageSize": "2048"})
    w.refuse(MISSING, "set_queue_attributes", **other, Attributes={"MaximumMessageSize": "2048"})
    w.refuse({"InvalidAttributeValue"}, "set_queue_attributes", **queue, Attributes={"MaximumMessageSize": "1"})
    arn = w.call("get_queue_attributes", **queue, AttributeNames=["All"])["Attributes"]["QueueArn"]
    w.refuse(MISSING, "get_queue_attributes", **other, AttributeNames=["All"])
    w.refuse({"InvalidAttributeName"}, "get_queue_attributes", **queue, AttributeNames=["Nonsense"])
    w.call("tag_queue", **queue, Tags={"more": ""})
    w.refuse(MISSING, "tag_queue", **other, Tags={"more": ""})
    w.call("list_queue_tags", **queue)
    w.refuse(MISSING, "list_queue_tags", **other)
    w.call("untag_queue", **queue, TagKeys=["more"])
    w.refuse(MISSING, "untag_queue", **other, TagKeys=["more"])

    source = w.call("create_queue", QueueName="walked-source", Attributes={
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1}),
    })
    w.call("list_dead_letter_source_queues", **queue)
    w.refuse(MISSING, "list_dead_letter_source_queues", **other)

    attributes = {
        "text": {"DataType": "String", "StringValue": "a"},
        "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
    }
    w.call("send_message", **queue, MessageBody="hello", MessageAttributes=attributes)
    w.refuse(MISSING, "send_message", **other, MessageBody="hello")
    w.refuse({"InvalidParameterValue"}, "send_message", **queue, MessageBody="x" * 2049)
    w.refuse({"InvalidMessageContents"}, "send_message", **queue, MessageBody="\x00")
    w.call("send_message_batch", **queue, Entries=[{"Id": str(n), "MessageBody": "m"} for n in range(9)])
    w.refuse({"AWS.SimpleQueueService.EmptyBatchRequest", "EmptyBatchRequest"}, "send_message_batch", **queue, Entries=[])
    w.refuse({"AWS.SimpleQueueService.BatchEntryIdsNotDistinct", "BatchEntryIdsNotDistinct"}, "send_message_batch",
             **queue, Entries=[{"Id": "1", "MessageBody": "m"}] * 2)
    messages = w.call("receive_message", **queue, MaxNumberOfMessages=10, VisibilityTimeout=30,
                      MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"])["Messages"]
    w.refuse(MISSING, "receive_message", **other)
    w.refuse({"InvalidParameterValue"}, "receive_message", **queue, MaxNumberOfMessages=11)
    first, second, third, *_ = [{"ReceiptHandle": message["ReceiptHandle"]} for message in messages]
    w.call("change_message_visibility", **queue, **first, VisibilityTimeout=20)
    w.refuse({"ReceiptHandleIsInvalid"}, "change_message_visibility", **queue, ReceiptHandle="none", VisibilityTimeout=1)
    w.call("change_message_visibility_batch", **queue, Entries=[
        {"Id": "good", **second, "VisibilityTimeout": 20},
        {"Id": "bad", "ReceiptHandle": "none", "VisibilityTimeout": 20},
    ])
    w.refuse({"AWS.SimpleQueueService.EmptyBatchRequest", "EmptyBatchRequest"}, "change_message_visibility_batch",
             **queue, Entries=[])
    w.call("delete_message", **queue, **first)
    w.refuse({"ReceiptHandleIsInvalid"}, "delete_message", **queue, ReceiptHandle="none")
    w.call("delete_message_batch", **queue, Entries=[
        {"Id": "good", **third}, {"Id": "bad", "ReceiptHandle": "none"},
    ])
    w.refuse({"AWS.SimpleQueueService.EmptyBatchRequest", "EmptyBatchRequest"}, "delete_message_batch", **queue, Entries=[])
    w.call("add_permission", **queue, Label="friends", AWSAccountIds=["210987654321"], Actions=["SendMessage"])
    w.refuse(MISSING, "add_permission", **other, Label="friends", AWSAccountIds=["210987654321"], Actions=["SendMessage"])
    w.call("remove_permission", **queue, Label="friends")
    w.refuse(MISSING, "remove_permission", **other, Label="friends")
    # Many messages, and slowly enough to be cancelled.
    dead_url = w.client.create_queue(QueueName="walked-dead")["QueueUrl"]
    dead = w.client.get_queue_attributes(QueueUrl=dead_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    w.client.create_queue(QueueName="walked-alive", Attributes={
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 1}),
    })
    for _ in range(3):
        w.client.send_message_batch(QueueUrl=dead_url, Entries=[{"Id": str(n), "MessageBody": "m"} for n in range(10)])
    task = w.call("start_message_move_task", SourceArn=dead, DestinationArn=arn, MaxNumberOfMessagesPerSecond=1)
    w.refuse("ResourceNotFoundException", "start_message_move_task", SourceArn=arn + "-missing")
    w.call("list_message_move_tasks", SourceArn=dead)
    w.refuse("ResourceNotFoundException", "list_message_move_tasks", SourceArn=arn + "-missing")
    w.call("cancel_message_move_task", TaskHandle=task["TaskHandle"])
    w.refuse({"ResourceNotFoundException", "InvalidParameterValue"}, "cancel_message_move_task", TaskHandle="nonsense")
    w.call("purge_queue", **queue)
    w.refuse(MISSING, "purge_queue", **other)
    w.call("delete_queue", QueueUrl=source["QueueUrl"])
    w.call("delete_queue", **queue)
    w.refuse(MISSING, "delete_queue", **other)
