"""Every supported operation of SNS."""

import json
import re
import urllib.parse
import urllib.request
import os


def walk(w):
    topic = {"TopicArn": w.call("create_topic", Name="walked", Attributes={"DisplayName": "Walked"},
                                Tags=[{"Key": "team", "Value": "zips"}])["TopicArn"]}
    other = {"TopicArn": topic["TopicArn"] + "-missing"}
    w.refuse("InvalidParameter", "create_topic", Name="no spaces")
    w.call("list_topics")
    w.refuse("InvalidParameter", "list_topics", NextToken="nonsense")
    w.call("set_topic_attributes", **topic, AttributeName="DisplayName", AttributeValue="Again")
    w.refuse("NotFound", "set_topic_attributes", **other, AttributeName="DisplayName", AttributeValue="x")
    w.refuse("InvalidParameter", "set_topic_attributes", **topic, AttributeName="Nonsense", AttributeValue="x")
    w.call("add_permission", **topic, Label="walkers", AWSAccountId=["111122223333"], ActionName=["Publish", "Subscribe"])
    w.refuse("InvalidParameter", "add_permission", **topic, Label="walkers", AWSAccountId=["111122223333"],
             ActionName=["Publish"])
    w.refuse("NotFound", "add_permission", **other, Label="walkers", AWSAccountId=["111122223333"], ActionName=["Publish"])
    w.call("remove_permission", **topic, Label="walkers")
    w.refuse("NotFound", "remove_permission", **other, Label="walkers")
    w.call("get_topic_attributes", **topic)
    w.refuse("NotFound", "get_topic_attributes", **other)
    resource = {"ResourceArn": topic["TopicArn"]}
    missing = {"ResourceArn": other["TopicArn"]}
    w.call("tag_resource", **resource, Tags=[{"Key": "more", "Value": "1"}])
    w.refuse({"ResourceNotFound", "ResourceNotFoundException"}, "tag_resource", **missing, Tags=[{"Key": "k", "Value": "1"}])
    w.call("list_tags_for_resource", **resource)
    w.refuse({"ResourceNotFound", "ResourceNotFoundException"}, "list_tags_for_resource", **missing)
    w.call("untag_resource", **resource, TagKeys=["more"])
    w.refuse({"ResourceNotFound", "ResourceNotFoundException"}, "untag_resource", **missing, TagKeys=["more"])

    sqs = w.other("sqs")
    url = sqs.create_queue(QueueName="sns-walked")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    subscription = w.call("subscribe", **topic, Protocol="sqs", Endpoint=queue,
                          Attributes={"RawMessageDelivery": "true"}, ReturnSubscriptionArn=True)
    subscription = {"SubscriptionArn": subscription["SubscriptionArn"]}
    gone = {"SubscriptionArn": topic["TopicArn"] + ":00000000-0000-0000-0000-000000000000"}
    w.refuse("NotFound", "subscribe", **other, Protocol="sqs", Endpoint=queue)
    w.refuse("InvalidParameter", "subscribe", **topic, Protocol="pigeon", Endpoint=queue)
    w.call("set_subscription_attributes", **subscription, AttributeName="RawMessageDelivery", AttributeValue="false")
    w.refuse("NotFound", "set_subscription_attributes", **gone, AttributeName="RawMessageDelivery", AttributeValue="true")
    w.call("get_subscription_attributes", **subscription)
    w.refuse("NotFound", "get_subscription_attributes", **gone)
    w.call("list_subscriptions")
    w.call("list_subscriptions_by_topic", **topic)
    w.refuse("NotFound", "list_subscriptions_by_topic", **other)

    w.call("subscribe", **topic, Protocol="email", Endpoint="walker@example.com")
    inbox = urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + "/_zipster/inbox?topic=walked").read().decode()
    token = re.search(r"Token=([0-9a-f]+)", inbox)
    w.refuse("InvalidParameter", "confirm_subscription", **topic, Token="nonsense")
    w.call("confirm_subscription", **topic, Token=token[1])

    attributes = {"step": {"DataType": "Number", "StringValue": "2"}}
    w.call("publish", **topic, Subject="s", Message="m", MessageAttributes=attributes)
    w.call("publish", **topic, MessageStructure="json", Message=json.dumps({"default": "d", "sqs": "q"}))
    w.refuse("NotFound", "publish", **other, Message="m")
    w.refuse({"InvalidParameter", "InvalidParameterValue"}, "publish", **topic, Message="")
    w.call("publish_batch", **topic, PublishBatchRequestEntries=[{"Id": str(n), "Message": "m"} for n in range(10)])
    w.refuse({"EmptyBatchRequest", "AWS.SimpleNotificationService.EmptyBatchRequest"}, "publish_batch", **topic,
             PublishBatchRequestEntries=[])
    w.refuse({"TooManyEntriesInBatchRequest", "AWS.SimpleNotificationService.TooManyEntriesInBatchRequest"},
             "publish_batch", **topic, PublishBatchRequestEntries=[{"Id": str(n), "Message": "m"} for n in range(11)])
    w.call("unsubscribe", **subscription)
    w.refuse("InvalidParameter", "unsubscribe", SubscriptionArn="nonsense")
    w.call("delete_topic", **topic)
    w.refuse("InvalidParameter", "delete_topic", TopicArn="nonsense")
