"""Every supported operation of CloudWatch Logs."""

import time

MISSING = "ResourceNotFoundException"


def walk(w):
    group = {"logGroupName": "/walked"}
    missing = {"logGroupName": "/nothing"}
    w.call("create_log_group", **group, tags={"team": "zips"})
    w.refuse("ResourceAlreadyExistsException", "create_log_group", **group)
    w.refuse("InvalidParameterException", "create_log_group", logGroupName="no spaces")
    w.call("put_retention_policy", **group, retentionInDays=7)
    w.refuse("InvalidParameterException", "put_retention_policy", **group, retentionInDays=8)
    w.refuse(MISSING, "put_retention_policy", **missing, retentionInDays=7)
    found = w.call("describe_log_groups", logGroupNamePrefix="/walk", limit=1)["logGroups"][0]
    w.refuse("InvalidParameterException", "describe_log_groups", limit=51)
    w.call("delete_retention_policy", **group)
    w.refuse(MISSING, "delete_retention_policy", **missing)
    resource = {"resourceArn": found.get("logGroupArn", found["arn"].removesuffix(":*"))}
    gone = {"resourceArn": resource["resourceArn"] + "-missing"}
    w.call("tag_resource", **resource, tags={"more": "1"})
    w.refuse(MISSING, "tag_resource", **gone, tags={"more": "1"})
    w.call("list_tags_for_resource", **resource)
    w.refuse(MISSING, "list_tags_for_resource", **gone)
    w.call("untag_resource", **resource, tagKeys=["more"])
    w.refuse(MISSING, "untag_resource", **gone, tagKeys=["more"])
    w.call("tag_log_group", **group, tags={"old": "1"})
    w.refuse(MISSING, "tag_log_group", **missing, tags={"old": "1"})
    w.call("list_tags_log_group", **group)
    w.refuse(MISSING, "list_tags_log_group", **missing)
    w.call("untag_log_group", **group, tags=["old"])
    w.refuse(MISSING, "untag_log_group", **missing, tags=["old"])

    stream = {**group, "logStreamName": "one"}
    other = {**group, "logStreamName": "other"}
    w.call("create_log_stream", **stream)
    w.refuse("ResourceAlreadyExistsException", "create_log_stream", **stream)
    w.refuse(MISSING, "create_log_stream", **missing, logStreamName="one")
    now = int(time.time() * 1000)
    w.call("put_log_events", **stream, logEvents=[{"timestamp": now, "message": "hello"}])
    w.refuse(MISSING, "put_log_events", **other, logEvents=[{"timestamp": now, "message": "hello"}])
    w.refuse("InvalidParameterException", "put_log_events", **stream,
             logEvents=[{"timestamp": now, "message": "b"}, {"timestamp": now - 1, "message": "a"}])
    w.call("describe_log_streams", **group)
    w.refuse(MISSING, "describe_log_streams", **missing)
    events = w.call("get_log_events", **stream, startFromHead=True)["events"]
    if [event["message"] for event in events] != ["hello"]:
        raise AssertionError(f"not what was put: {events}")
    w.refuse(MISSING, "get_log_events", **other)
    found = w.call("filter_log_events", **group, filterPattern="hello -world", limit=1)["events"]
    if [event["logStreamName"] for event in found] != ["one"]:
        raise AssertionError(f"not what was put: {found}")
    w.refuse(MISSING, "filter_log_events", **missing)
    w.refuse("InvalidParameterException", "filter_log_events", **group, filterPattern="hello:")
    pattern = "[ip, request, status = 4*, ...]"
    lines = ['10.0.0.1 "GET /a b" 200 1', '10.0.0.1 "GET /a b" 404 2']
    matched = w.call("test_metric_filter", filterPattern=pattern, logEventMessages=lines)["matches"]
    if [match["extractedValues"]["$request"] for match in matched] != ["GET /a b"]:
        raise AssertionError(f"not what matches: {matched}")
    w.refuse("InvalidParameterException", "test_metric_filter", filterPattern="{ $.a }", logEventMessages=lines)
    arn = {"logGroupIdentifiers": [resource["resourceArn"]]}
    w.refuse(MISSING, "start_live_tail", logGroupIdentifiers=[gone["resourceArn"]])
    w.refuse("InvalidParameterException", "start_live_tail", logGroupIdentifiers=["/walked"])

    def put_and_wait(event, value):
        if event == "sessionStart":
            events = [{"timestamp": now, "message": message} for message in ("goodbye", "hello again")]
            w.other("logs").put_log_events(**stream, logEvents=events)
        return value.get("sessionResults")

    told = w.follow("start_live_tail", "responseStream", put_and_wait, **arn, logEventFilterPattern="hello")
    if told[0][0] != "sessionStart" or told[-1][1]["sessionResults"][0]["message"] != "hello again":
        raise AssertionError(f"not what was put: {told}")
    w.call("delete_log_stream", **stream)
    w.refuse(MISSING, "delete_log_stream", **stream)
    w.call("delete_log_group", **group)
    w.refuse(MISSING, "delete_log_group", **group)
