"""Every supported operation of Lambda."""

import json

from function import package


def walk(w):
    name = {"FunctionName": "walked"}
    missing = {"FunctionName": "nothing"}
    not_found = "ResourceNotFoundException"
    made = w.call("create_function", **name, Runtime="provided.al2023", Handler="bootstrap", Role=w.role_arn,
                  Code={"ZipFile": package()}, Timeout=10, MemorySize=256, Description="walked",
                  Environment={"Variables": {"STAGE": "b"}}, Tags={"team": "zips"})
    resource = {"Resource": made["FunctionArn"]}
    w.refuse("ResourceConflictException", "create_function", **name, Runtime="provided.al2023", Handler="bootstrap",
             Role=w.role_arn, Code={"ZipFile": package()})
    w.refuse("InvalidParameterValueException", "create_function", FunctionName="broken", Runtime="provided.al2023",
             Handler="bootstrap", Role=w.role_arn, Code={"ZipFile": b"no zip"})
    w.call("get_function", **name)
    w.refuse(not_found, "get_function", **missing)
    w.until("get_function_configuration", lambda answer: answer["State"] == "Active", **name)
    w.refuse(not_found, "get_function_configuration", **missing)
    w.call("list_functions", MaxItems=50)
    answer = w.call("invoke", **name, Payload=json.dumps({"hello": "there"}), LogType="Tail")
    if json.loads(answer["Payload"].read()) != {"hello": "there"}:
        raise AssertionError("the function did not return its event")
    w.call("invoke", **name, InvocationType="Event", Payload="{}")
    w.call("invoke", **name, InvocationType="DryRun")
    w.refuse(not_found, "invoke", **missing, Payload="{}")
    w.refuse("InvalidRequestContentException", "invoke", **name, Payload="{")
    w.call("update_function_configuration", **name, Timeout=11, Environment={"Variables": {}})
    w.refuse(not_found, "update_function_configuration", **missing, Timeout=11)
    w.refuse({"ValidationException", "InvalidParameterValueException"}, "update_function_configuration", **name, Timeout=901)
    w.until("get_function_configuration", lambda answer: answer["LastUpdateStatus"] == "Successful", **name)
    w.call("update_function_code", **name, ZipFile=package())
    w.refuse(not_found, "update_function_code", **missing, ZipFile=package())
    stored_code(w, name)

    versions(w, name, missing, not_found)

    w.call("put_function_concurrency", **name, ReservedConcurrentExecutions=3)
    w.refuse(not_found, "put_function_concurrency", **missing, ReservedConcurrentExecutions=3)
    w.call("get_function_concurrency", **name)
    if w.call("get_account_settings")["AccountLimit"]["UnreservedConcurrentExecutions"] != 997:
        raise AssertionError("what a function has reserved is left for others")
    w.refuse(not_found, "get_function_concurrency", **missing)
    w.call("delete_function_concurrency", **name)
    w.refuse(not_found, "delete_function_concurrency", **missing)

    w.call("put_function_event_invoke_config", **name, MaximumRetryAttempts=1, MaximumEventAgeInSeconds=60)
    w.refuse(not_found, "put_function_event_invoke_config", **missing, MaximumRetryAttempts=1)
    w.call("update_function_event_invoke_config", **name, MaximumRetryAttempts=0)
    w.call("get_function_event_invoke_config", **name)
    if len(w.call("list_function_event_invoke_configs", **name)["FunctionEventInvokeConfigs"]) != 1:
        raise AssertionError("there is one setting for events")
    w.refuse(not_found, "list_function_event_invoke_configs", **missing)
    w.call("delete_function_event_invoke_config", **name)
    for operation in ("get", "delete"):
        w.refuse(not_found, f"{operation}_function_event_invoke_config", **name)
    w.refuse(not_found, "update_function_event_invoke_config", **name, MaximumRetryAttempts=0)

    w.call("add_permission", **name, StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com",
           SourceArn="arn:aws:s3:::some-bucket", SourceAccount="123456789012")
    w.refuse("ResourceConflictException", "add_permission", **name, StatementId="s3", Action="lambda:InvokeFunction",
             Principal="s3.amazonaws.com")
    w.refuse(not_found, "add_permission", **missing, StatementId="s3", Action="lambda:InvokeFunction",
             Principal="s3.amazonaws.com")
    w.call("get_policy", **name)
    w.call("remove_permission", **name, StatementId="s3")
    w.refuse(not_found, "remove_permission", **name, StatementId="s3")
    w.refuse(not_found, "get_policy", **name)

    mappings(w, name, missing, not_found)
    gone = {"Resource": made["FunctionArn"] + "-missing"}
    w.call("tag_resource", **resource, Tags={"more": "1"})
    w.refuse(not_found, "tag_resource", **gone, Tags={"more": "1"})
    w.call("list_tags", **resource)
    w.refuse(not_found, "list_tags", **gone)
    w.call("untag_resource", **resource, TagKeys=["more"])
    w.refuse(not_found, "untag_resource", **gone, TagKeys=["more"])
    w.call("delete_function", **name)
    w.refuse(not_found, "delete_function", **name)


def stored_code(w, name):
    s3, stored = w.other("s3"), {"S3Bucket": "lambda-walked", "S3Key": "code.zip"}
    w.refuse("InvalidParameterValueException", "update_function_code", **name, **stored)
    s3.create_bucket(Bucket="lambda-walked")
    w.refuse("InvalidParameterValueException", "update_function_code", **name, **stored)
    s3.put_object(Bucket="lambda-walked", Key="code.zip", Body=package())
    w.call("update_function_code", **name, **stored)
    s3.delete_object(Bucket="lambda-walked", Key="code.zip")
    s3.delete_bucket(Bucket="lambda-walked")


def versions(w, name, missing, not_found):
    made = w.call("publish_version", **name, Description="walked")
    w.refuse(not_found, "publish_version", **missing)
    w.refuse("InvalidParameterValueException", "publish_version", **name, CodeSha256="another")
    w.refuse("PreconditionFailedException", "publish_version", **name, RevisionId="another")
    one, none = {"Qualifier": made["Version"]}, {"Qualifier": "99"}
    w.call("list_versions_by_function", **name, MaxItems=1)
    w.call("list_functions", FunctionVersion="ALL", MaxItems=1)
    w.refuse(not_found, "list_versions_by_function", **missing)
    w.call("get_function", **name, **one)
    w.call("get_function_configuration", **name, **one)
    if w.call("invoke", **name, **one, Payload="{}")["ExecutedVersion"] != made["Version"]:
        raise AssertionError("another version has run")
    for operation in ("get_function", "get_function_configuration", "invoke", "delete_function"):
        w.refuse(not_found, operation, **name, **none)
    live, nobody = {"Name": "live"}, {"Name": "nobody"}
    w.call("create_alias", **name, **live, FunctionVersion=made["Version"], Description="walked")
    w.refuse("ResourceConflictException", "create_alias", **name, **live, FunctionVersion=made["Version"])
    w.refuse(not_found, "create_alias", **name, **nobody, FunctionVersion="99")
    w.call("get_alias", **name, **live)
    w.refuse(not_found, "get_alias", **name, **nobody)
    second = w.client.update_function_code(**name, ZipFile=package('b"{}"'), Publish=True)["Version"]
    w.call("update_alias", **name, **live, RoutingConfig={"AdditionalVersionWeights": {second: 0.5}})
    w.refuse(not_found, "update_alias", **name, **nobody)
    w.refuse("InvalidParameterValueException", "update_alias", **name, **live, FunctionVersion=second)
    w.call("list_aliases", **name, FunctionVersion=second)
    w.refuse(not_found, "list_aliases", **missing)
    w.call("get_function", **name, Qualifier="live")
    if w.call("invoke", **name, Qualifier="live", Payload="{}")["ExecutedVersion"] not in (made["Version"], second):
        raise AssertionError("an alias has run what it does not stand for")
    w.refuse("ResourceConflictException", "delete_function", **name, Qualifier=second)
    w.call("delete_alias", **name, **live)
    w.client.update_function_code(**name, ZipFile=package())
    w.client.delete_function(**name, Qualifier=second)
    w.client.delete_function(**name, **one)


def mappings(w, name, missing, not_found):
    sqs, iam = w.other("sqs"), w.other("iam")
    url = sqs.create_queue(QueueName="lambda-walked")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    iam.put_role_policy(RoleName="powerless", PolicyName="queue", PolicyDocument=json.dumps({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Resource": arn,
                       "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]}],
    }))
    made = w.call("create_event_source_mapping", **name, EventSourceArn=arn, BatchSize=5)
    w.refuse(not_found, "create_event_source_mapping", **missing, EventSourceArn=arn)
    w.refuse("ResourceConflictException", "create_event_source_mapping", **name, EventSourceArn=arn)
    one, none = {"UUID": made["UUID"]}, {"UUID": "00000000-0000-4000-8000-000000000000"}
    w.call("list_event_source_mappings", **name)
    w.until("get_event_source_mapping", lambda answer: answer["State"] == "Enabled", **one)
    w.refuse(not_found, "get_event_source_mapping", **none)
    w.call("update_event_source_mapping", **one, BatchSize=3)
    w.refuse(not_found, "update_event_source_mapping", **none, BatchSize=3)
    w.until("get_event_source_mapping", lambda answer: answer["State"] == "Enabled", **one)
    w.call("delete_event_source_mapping", **one)
    w.refuse(not_found, "delete_event_source_mapping", **none)
    iam.delete_role_policy(RoleName="powerless", PolicyName="queue")
