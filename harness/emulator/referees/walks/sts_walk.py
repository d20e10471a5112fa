"""Every supported operation of STS. Root may not assume roles, so a session of a role calls."""

import json


def walk(w):
    w.call("get_caller_identity")
    w.call("get_session_token", DurationSeconds=900)
    w.refuse("ValidationError", "get_session_token", DurationSeconds=1)
    w.refuse("AccessDenied", "get_session_token", by=w.powerless)
    role = {"RoleArn": w.role_arn, "RoleSessionName": "walker"}
    w.refuse("AccessDenied", "assume_role", **role)
    w.refuse("AccessDenied", "assume_role", by=w.powerless, **role)
    iam = w.other("iam")
    iam.put_role_policy(RoleName="powerless", PolicyName="assume", PolicyDocument=json.dumps({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": w.role_arn}],
    }))
    w.denied.add("AssumeRole")
    root, w.client = w.client, w.powerless
    w.call("assume_role", **role, DurationSeconds=900)
    w.refuse("ValidationError", "assume_role", **role, DurationSeconds=1)
    w.refuse("AccessDenied", "assume_role", RoleArn=w.role_arn + "-nobody", RoleSessionName="walker")
    w.refuse("MalformedPolicyDocument", "assume_role", **role, Policy="{")
    w.client = root
    iam.delete_role_policy(RoleName="powerless", PolicyName="assume")
