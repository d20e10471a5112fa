"""Every supported operation of Secrets Manager."""

import json

MISSING = "ResourceNotFoundException"


def walk(w):
    secret = {"SecretId": "walked"}
    missing = {"SecretId": "nothing"}
    made = w.call("create_secret", Name="walked", SecretString="first", Tags=[{"Key": "team", "Value": "zips"}])
    w.refuse("ResourceExistsException", "create_secret", Name="walked", SecretString="another")
    if w.call("get_secret_value", **secret)["SecretString"] != "first":
        raise AssertionError("not what was kept")
    w.refuse(MISSING, "get_secret_value", **missing)
    w.call("put_secret_value", **secret, SecretString="second")
    w.refuse(MISSING, "put_secret_value", **missing, SecretString="second")
    if w.call("get_secret_value", **secret, VersionStage="AWSPREVIOUS")["VersionId"] != made["VersionId"]:
        raise AssertionError("the previous version is another one")
    w.call("update_secret", **secret, Description="walked over")
    w.refuse(MISSING, "update_secret", **missing, Description="walked over")
    w.call("describe_secret", **secret)
    w.refuse(MISSING, "describe_secret", **missing)
    w.call("list_secret_version_ids", **secret)
    w.refuse(MISSING, "list_secret_version_ids", **missing)
    w.call("list_secrets", MaxResults=1)
    w.call("get_random_password", PasswordLength=20)
    w.refuse("InvalidParameterException", "get_random_password", PasswordLength=1)
    w.call("tag_resource", **secret, Tags=[{"Key": "more", "Value": "1"}])
    w.refuse(MISSING, "tag_resource", **missing, Tags=[{"Key": "more", "Value": "1"}])
    w.call("untag_resource", **secret, TagKeys=["more"])
    w.refuse(MISSING, "untag_resource", **missing, TagKeys=["more"])
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::210987654321:root"},
        "Action": "secretsmanager:GetSecretValue", "Resource": "*"}]})
    w.call("put_resource_policy", **secret, ResourcePolicy=policy)
    w.refuse(MISSING, "put_resource_policy", **missing, ResourcePolicy=policy)
    w.call("get_resource_policy", **secret)
    w.refuse(MISSING, "get_resource_policy", **missing)
    w.call("delete_resource_policy", **secret)
    w.refuse(MISSING, "delete_resource_policy", **missing)
    w.call("delete_secret", **secret, RecoveryWindowInDays=7)
    w.refuse("InvalidRequestException", "get_secret_value", **secret)
    w.call("restore_secret", **secret)
    w.refuse(MISSING, "restore_secret", **missing)
    w.call("delete_secret", **secret, ForceDeleteWithoutRecovery=True)
    w.refuse(MISSING, "describe_secret", **secret)
