"""Every supported operation of IAM."""

import json

TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}],
})
POLICY = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}],
})
TAGS = [{"Key": "team", "Value": "zips"}]


def walk(w):
    role = {"RoleName": "walked"}
    arn = w.call("create_role", **role, Path="/walk/", AssumeRolePolicyDocument=TRUST,
                 Description="walked", MaxSessionDuration=7200, Tags=TAGS)["Role"]["Arn"]
    w.refuse("EntityAlreadyExists", "create_role", **role, AssumeRolePolicyDocument=TRUST)
    w.refuse("MalformedPolicyDocument", "create_role", RoleName="broken", AssumeRolePolicyDocument="{")
    nobody = {"RoleName": "nobody"}
    w.call("get_role", **role)
    w.refuse("NoSuchEntity", "get_role", **nobody)
    w.call("list_roles", PathPrefix="/")
    w.call("list_roles", MaxItems=1)
    w.call("update_role", **role, Description="again", MaxSessionDuration=3600)
    w.refuse("NoSuchEntity", "update_role", **nobody)
    w.call("update_assume_role_policy", **role, PolicyDocument=TRUST)
    w.refuse("MalformedPolicyDocument", "update_assume_role_policy", **role, PolicyDocument="{}")
    w.refuse("NoSuchEntity", "update_assume_role_policy", **nobody, PolicyDocument=TRUST)
    w.call("tag_role", **role, Tags=[{"Key": "more", "Value": ""}])
    w.refuse("NoSuchEntity", "tag_role", **nobody, Tags=TAGS)
    w.call("list_role_tags", **role)
    w.refuse("NoSuchEntity", "list_role_tags", **nobody)
    w.call("untag_role", **role, TagKeys=["more"])
    w.refuse("NoSuchEntity", "untag_role", **nobody, TagKeys=["more"])
    w.call("put_role_policy", **role, PolicyName="inline", PolicyDocument=POLICY)
    w.refuse("MalformedPolicyDocument", "put_role_policy", **role, PolicyName="inline", PolicyDocument="[")
    w.refuse("NoSuchEntity", "put_role_policy", **nobody, PolicyName="inline", PolicyDocument=POLICY)
    w.call("get_role_policy", **role, PolicyName="inline")
    w.refuse("NoSuchEntity", "get_role_policy", **role, PolicyName="other")
    w.call("list_role_policies", **role)
    w.refuse("NoSuchEntity", "list_role_policies", **nobody)
    w.call("list_instance_profiles_for_role", **role)
    w.refuse("NoSuchEntity", "list_instance_profiles_for_role", **nobody)

    policy = w.call("create_policy", PolicyName="walked", PolicyDocument=POLICY, Description="d", Tags=TAGS)
    policy = {"PolicyArn": policy["Policy"]["Arn"]}
    missing = {"PolicyArn": policy["PolicyArn"] + "-missing"}
    w.refuse("EntityAlreadyExists", "create_policy", PolicyName="walked", PolicyDocument=POLICY)
    w.refuse("MalformedPolicyDocument", "create_policy", PolicyName="broken", PolicyDocument="nothing")
    w.call("get_policy", **policy)
    w.refuse("NoSuchEntity", "get_policy", **missing)
    w.call("tag_policy", **policy, Tags=[{"Key": "more", "Value": "1"}])
    w.refuse("NoSuchEntity", "tag_policy", **missing, Tags=TAGS)
    w.call("untag_policy", **policy, TagKeys=["more"])
    w.refuse("NoSuchEntity", "untag_policy", **missing, TagKeys=["more"])
    if w.call("list_policy_tags", **policy)["Tags"] != TAGS:
        raise AssertionError("the tags are those that it was made with")
    w.refuse("NoSuchEntity", "list_policy_tags", **missing)
    w.call("list_policies", Scope="Local")
    w.call("list_policies", OnlyAttached=False, MaxItems=1)
    w.call("attach_role_policy", **role, **policy)
    w.refuse("NoSuchEntity", "attach_role_policy", **role, **missing)
    w.call("list_attached_role_policies", **role)
    w.refuse("NoSuchEntity", "list_attached_role_policies", **nobody)
    w.call("list_entities_for_policy", **policy)
    w.refuse("NoSuchEntity", "list_entities_for_policy", **missing)
    w.call("create_policy_version", **policy, PolicyDocument=POLICY, SetAsDefault=True)
    w.refuse("NoSuchEntity", "create_policy_version", **missing, PolicyDocument=POLICY)
    w.call("list_policy_versions", **policy)
    w.refuse("NoSuchEntity", "list_policy_versions", **missing)
    w.call("get_policy_version", **policy, VersionId="v1")
    w.refuse("NoSuchEntity", "get_policy_version", **policy, VersionId="v9")
    w.call("set_default_policy_version", **policy, VersionId="v1")
    w.refuse("NoSuchEntity", "set_default_policy_version", **policy, VersionId="v9")
    w.refuse("DeleteConflict", "delete_policy_version", **policy, VersionId="v1")
    w.call("delete_policy_version", **policy, VersionId="v2")
    w.call("simulate_principal_policy", PolicySourceArn=arn, ActionNames=["s3:GetObject", "s3:PutObject"],
           ResourceArns=["arn:aws:s3:::b/k"])
    w.refuse("NoSuchEntity", "simulate_principal_policy", PolicySourceArn=arn + "-nobody", ActionNames=["s3:GetObject"])
    w.refuse("DeleteConflict", "delete_policy", **policy)
    w.refuse("DeleteConflict", "delete_role", **role)
    w.call("detach_role_policy", **role, **policy)
    w.refuse("NoSuchEntity", "detach_role_policy", **role, **policy)
    w.call("delete_policy", **policy)
    w.refuse("NoSuchEntity", "delete_policy", **policy)
    w.call("delete_role_policy", **role, PolicyName="inline")
    w.refuse("NoSuchEntity", "delete_role_policy", **role, PolicyName="inline")
    w.call("delete_role", **role)
    w.refuse("NoSuchEntity", "delete_role", **role)
    users(w)


def users(w):
    user, nobody = {"UserName": "walker"}, {"UserName": "nobody"}
    arn = w.call("create_user", **user, Path="/walk/", Tags=TAGS)["User"]["Arn"]
    w.refuse("EntityAlreadyExists", "create_user", **user)
    w.call("get_user", **user)
    w.call("get_user")
    w.refuse("NoSuchEntity", "get_user", **nobody)
    w.call("list_users", PathPrefix="/walk/")
    w.call("list_users", MaxItems=1)
    w.call("put_user_policy", **user, PolicyName="inline", PolicyDocument=POLICY)
    w.refuse("MalformedPolicyDocument", "put_user_policy", **user, PolicyName="inline", PolicyDocument="[")
    w.refuse("NoSuchEntity", "put_user_policy", **nobody, PolicyName="inline", PolicyDocument=POLICY)
    w.call("get_user_policy", **user, PolicyName="inline")
    w.refuse("NoSuchEntity", "get_user_policy", **user, PolicyName="other")
    w.call("list_user_policies", **user)
    w.refuse("NoSuchEntity", "list_user_policies", **nobody)
    policy = w.call("create_policy", PolicyName="of-a-user", PolicyDocument=POLICY)["Policy"]["Arn"]
    w.call("attach_user_policy", **user, PolicyArn=policy)
    w.refuse("NoSuchEntity", "attach_user_policy", **user, PolicyArn=policy + "-missing")
    w.call("list_attached_user_policies", **user)
    w.refuse("NoSuchEntity", "list_attached_user_policies", **nobody)
    w.call("list_entities_for_policy", PolicyArn=policy, EntityFilter="User")
    w.call("simulate_principal_policy", PolicySourceArn=arn, ActionNames=["s3:GetObject"])
    key = w.call("create_access_key", **user)["AccessKey"]["AccessKeyId"]
    w.call("create_access_key", **user)
    w.refuse("LimitExceeded", "create_access_key", **user)
    w.refuse("NoSuchEntity", "create_access_key", **nobody)
    keys = w.call("list_access_keys", **user)["AccessKeyMetadata"]
    w.refuse("NoSuchEntity", "list_access_keys", **nobody)
    w.call("update_access_key", **user, AccessKeyId=key, Status="Inactive")
    w.refuse("NoSuchEntity", "update_access_key", **user, AccessKeyId=key + "MISSING", Status="Inactive")
    w.refuse("DeleteConflict", "delete_user", **user)
    for made in keys:
        w.call("delete_access_key", **user, AccessKeyId=made["AccessKeyId"])
    w.refuse("NoSuchEntity", "delete_access_key", **user, AccessKeyId=key)
    w.refuse("DeleteConflict", "delete_user", **user)
    w.call("detach_user_policy", **user, PolicyArn=policy)
    w.refuse("NoSuchEntity", "detach_user_policy", **user, PolicyArn=policy)
    for put, delete, who, missing in [
        ("put_user_permissions_boundary", "delete_user_permissions_boundary", user, nobody),
        ("put_role_permissions_boundary", "delete_role_permissions_boundary",
         {"RoleName": "bounded"}, {"RoleName": "nobody"}),
    ]:
        if "RoleName" in who:
            w.call("create_role", **who, AssumeRolePolicyDocument=TRUST, PermissionsBoundary=policy)
        w.call(put, **who, PermissionsBoundary=policy)
        w.refuse("NoSuchEntity", put, **who, PermissionsBoundary=policy + "-missing")
        w.refuse("NoSuchEntity", put, **missing, PermissionsBoundary=policy)
        w.call("get_user" if "UserName" in who else "get_role", **who)
        w.call(delete, **who)
        w.refuse("NoSuchEntity", delete, **missing)
    w.call("delete_role", RoleName="bounded")
    w.call("delete_policy", PolicyArn=policy)
    w.call("delete_user_policy", **user, PolicyName="inline")
    w.refuse("NoSuchEntity", "delete_user_policy", **user, PolicyName="inline")
    w.call("delete_user", **user)
    w.refuse("NoSuchEntity", "delete_user", **user)
