"""Every supported operation of S3."""

import json

ALGORITHMS = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]


def walk(w):
    b = {"Bucket": "walked"}
    nb = {"Bucket": "walked-missing"}
    w.call("create_bucket", **b)
    w.refuse("InvalidBucketName", "create_bucket", Bucket="No_Capitals")
    w.refuse({"InvalidLocationConstraint", "IllegalLocationConstraintException"}, "create_bucket", Bucket="walked-2",
             CreateBucketConfiguration={"LocationConstraint": "nowhere"})
    listing = w.call("list_buckets")
    if "DisplayName" in listing["Owner"]:
        raise AssertionError("owners have no names any more")
    if listing["Buckets"][0]["BucketArn"] != "arn:aws:s3:::walked":
        raise AssertionError(f"a bucket without its ARN: {listing}")
    w.call("list_buckets", Prefix="walk", MaxBuckets=1, BucketRegion="us-east-1")
    w.call("head_bucket", **b)
    w.refuse("404", "head_bucket", **nb)
    w.call("get_bucket_location", **b)
    w.refuse("NoSuchBucket", "get_bucket_location", **nb)
    settings(w, b, nb)
    objects(w, b, nb)
    parts(w, b, nb)
    empty(w, b)
    w.refuse("NoSuchBucket", "delete_bucket", **b)


def settings(w, b, nb):
    tagging = {"TagSet": [{"Key": "team", "Value": "zips"}]}
    w.refuse("NoSuchTagSet", "get_bucket_tagging", **b)
    w.call("put_bucket_tagging", **b, Tagging=tagging)
    w.refuse("NoSuchBucket", "put_bucket_tagging", **nb, Tagging=tagging)
    w.call("get_bucket_tagging", **b)
    w.call("delete_bucket_tagging", **b)
    w.call("get_bucket_versioning", **b)
    w.call("put_bucket_versioning", **b, VersioningConfiguration={"Status": "Enabled"})
    w.refuse("NoSuchBucket", "put_bucket_versioning", **nb, VersioningConfiguration={"Status": "Enabled"})
    w.call("get_bucket_versioning", **b)
    w.call("get_public_access_block", **b)
    w.call("put_public_access_block", **b, PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    w.call("delete_public_access_block", **b)
    w.refuse("NoSuchPublicAccessBlockConfiguration", "get_public_access_block", **b)
    encryption = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    w.call("get_bucket_encryption", **b)
    w.call("put_bucket_encryption", **b, ServerSideEncryptionConfiguration=encryption)
    w.call("delete_bucket_encryption", **b)
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "old/"}, "Expiration": {"Days": 30}}
    w.refuse("NoSuchLifecycleConfiguration", "get_bucket_lifecycle_configuration", **b)
    w.call("put_bucket_lifecycle_configuration", **b, LifecycleConfiguration={"Rules": [rule]})
    w.call("get_bucket_lifecycle_configuration", **b)
    w.call("delete_bucket_lifecycle", **b)
    w.call("put_bucket_ownership_controls", **b,
           OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})
    w.call("get_bucket_ownership_controls", **b)
    w.call("delete_bucket_ownership_controls", **b)
    w.refuse("OwnershipControlsNotFoundError", "get_bucket_ownership_controls", **b)
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::walked/secret/*",
    }]})
    w.refuse("NoSuchBucketPolicy", "get_bucket_policy", **b)
    w.refuse("MalformedPolicy", "put_bucket_policy", **b, Policy="{}")
    w.call("put_bucket_policy", **b, Policy=policy)
    w.call("get_bucket_policy", **b)
    w.call("delete_bucket_policy", **b)
    w.call("put_bucket_notification_configuration", **b, NotificationConfiguration={})
    w.refuse("InvalidArgument", "put_bucket_notification_configuration", **b, NotificationConfiguration={
        "QueueConfigurations": [{"QueueArn": "arn:aws:sqs:us-east-1:123456789012:none", "Events": ["s3:ObjectCreated:*"]}],
    })
    sqs = w.other("sqs")
    url = sqs.create_queue(QueueName="s3-walked")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"},
                                                "Action": "sqs:SendMessage", "Resource": arn}]})})
    one = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"],
           "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}}}
    w.call("put_bucket_notification_configuration", **b, NotificationConfiguration={"QueueConfigurations": [one]})
    w.refuse("InvalidArgument", "put_bucket_notification_configuration", **b,
             NotificationConfiguration={"QueueConfigurations": [one, one]})
    w.call("get_bucket_notification_configuration", **b)
    told = sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"]
    if json.loads(told).get("Event") != "s3:TestEvent":
        raise AssertionError(f"no test event but {told}")
    w.call("put_object", **b, Key="in/sp ace+ü.csv", Body=b"x")
    event = json.loads(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"][0]["Body"])
    if event["Records"][0]["s3"]["object"]["key"] != "in/sp+ace%2B%C3%BC.csv":
        raise AssertionError(f"the event's key is {event}")
    w.call("put_bucket_notification_configuration", **b, NotificationConfiguration={})
    w.call("get_bucket_acl", **b)
    w.call("get_bucket_accelerate_configuration", **b)
    w.call("get_bucket_logging", **b)
    w.call("get_bucket_request_payment", **b)
    # These have nothing to say, and say it with an error.
    for operation, code in [
        ("get_bucket_cors", "NoSuchCORSConfiguration"),
        ("get_bucket_replication", "ReplicationConfigurationNotFoundError"),
        ("get_bucket_website", "NoSuchWebsiteConfiguration"),
        ("get_object_lock_configuration", "ObjectLockConfigurationNotFoundError"),
    ]:
        w.refuse({"AccessDenied"}, operation, by=w.powerless, **b)
        w.refuse(code, operation, **b)
        w.walked.add(w.operation(operation).name)


def objects(w, b, nb):
    k = {"Key": "a key+ü"}
    put = w.call("put_object", **b, **k, Body=b"hello", Metadata={"a": "b"}, ContentType="text/csv",
                 Tagging="x=y", CacheControl="no-cache")
    for name in ("ServerSideEncryption", "ChecksumType", "VersionId"):
        if name not in put:
            raise AssertionError(f"PutObject answers without {name}")
    w.refuse("NoSuchBucket", "put_object", **nb, **k, Body=b"")
    w.refuse("PreconditionFailed", "put_object", **b, **k, Body=b"", IfNoneMatch="*")
    w.refuse("PreconditionFailed", "put_object", **b, **k, Body=b"", IfMatch='"0"')
    w.refuse("InvalidRequest", "put_object", **b, **k, Body=b"x", ChecksumSHA256="nonsense")
    w.refuse("BadDigest", "put_object", **b, **k, Body=b"x", ChecksumCRC32="AAAAAA==")
    for algorithm in ALGORITHMS:
        answer = w.call("put_object", **b, Key=algorithm, Body=b"123456789", ChecksumAlgorithm=algorithm) \
            if algorithm in ("CRC32", "SHA1", "SHA256") else \
            w.call("put_object", **b, Key=algorithm, Body=b"123456789",
                   **{f"Checksum{algorithm}": {"CRC32C": "4waSgw==", "CRC64NVME": "rosUhgp5mIg="}[algorithm]})
        head = w.call("head_object", **b, Key=algorithm, ChecksumMode="ENABLED")
        name = f"Checksum{algorithm}"
        if not answer.get(name) or answer[name] != head.get(name) or head.get("ChecksumType") != "FULL_OBJECT":
            raise AssertionError(f"{algorithm}: {answer} then {head}")
    got = w.call("get_object", **b, **k)
    if got["Body"].read() != b"hello" or got["Metadata"] != {"a": "b"}:
        raise AssertionError(f"not what was put: {got}")
    w.call("get_object", **b, **k, Range="bytes=1-2")["Body"].read()
    w.call("get_object", **b, **k, ChecksumMode="ENABLED")["Body"].read()
    w.refuse("NoSuchKey", "get_object", **b, Key="none")
    w.refuse("InvalidRange", "get_object", **b, **k, Range="bytes=99-")
    w.refuse("304", "get_object", **b, **k, IfNoneMatch=put["ETag"])
    w.call("head_object", **b, **k, VersionId=put["VersionId"])
    w.refuse("404", "head_object", **b, Key="none")
    w.call("put_object_tagging", **b, **k, Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    w.refuse("NoSuchKey", "put_object_tagging", **b, Key="none", Tagging={"TagSet": []})
    w.call("get_object_tagging", **b, **k)
    w.refuse("NoSuchKey", "get_object_tagging", **b, Key="none")
    w.call("delete_object_tagging", **b, **k)
    source = {"CopySource": {**b, **k}}
    copied = w.call("copy_object", **b, Key="copy", **source)
    if "ServerSideEncryption" not in copied:
        raise AssertionError("CopyObject answers without ServerSideEncryption")
    w.call("copy_object", **b, **k, **source, MetadataDirective="REPLACE", Metadata={"new": "1"})
    w.refuse("InvalidRequest", "copy_object", **b, **k, **source)
    w.refuse("NoSuchKey", "copy_object", **b, Key="copy", CopySource={**b, "Key": "none"})
    w.refuse("PreconditionFailed", "copy_object", **b, Key="copy", **source, CopySourceIfMatch='"0"')
    for n in range(5):
        w.client.put_object(**b, Key=f"dir/{n} ü", Body=b"")
    w.call("list_objects", **b, Prefix="dir/", MaxKeys=2)
    w.call("list_objects", **b, Delimiter="/")
    w.refuse("NoSuchBucket", "list_objects", **nb)
    page = w.call("list_objects_v2", **b, Prefix="dir/", MaxKeys=2, FetchOwner=True)
    rest = w.call("list_objects_v2", **b, Prefix="dir/", ContinuationToken=page["NextContinuationToken"], StartAfter="dir/")
    if [item["Key"] for item in page["Contents"] + rest["Contents"]] != [f"dir/{n} ü" for n in range(5)]:
        raise AssertionError(f"pages: {page} {rest}")
    w.call("list_objects_v2", **b, Delimiter="/", EncodingType="url")
    w.refuse("NoSuchBucket", "list_objects_v2", **nb)
    w.refuse("InvalidArgument", "list_objects_v2", **b, ContinuationToken="nonsense")
    w.call("list_object_versions", **b, MaxKeys=3)
    w.call("list_object_versions", **b, Delimiter="/")
    w.refuse("NoSuchBucket", "list_object_versions", **nb)
    w.call("delete_object", **b, Key="copy")
    w.refuse("NoSuchBucket", "delete_object", **nb, Key="copy")
    w.refuse("405", "head_object", **b, Key="copy", VersionId=marker(w, b, "copy"))
    keys = {"Objects": [{"Key": f"dir/{n} ü"} for n in range(4)]}
    w.denied.add("DeleteObjects")  # Each object has an answer of its own.
    answer = w.call("delete_objects", **b, Delete={**keys, "Quiet": False})
    if len(answer["Deleted"]) != 4:
        raise AssertionError(f"not all are said to be deleted: {answer}")
    if "Deleted" in w.call("delete_objects", **b, Delete={**keys, "Quiet": True}):
        raise AssertionError("a quiet removal speaks")
    w.refuse("MalformedXML", "delete_objects", **b, Delete={"Objects": []})


def marker(w, b, key):
    return w.client.list_object_versions(**b, Prefix=key)["DeleteMarkers"][0]["VersionId"]


def parts(w, b, nb):
    k = {"Key": "large"}
    large = b"x" * (5 << 20)
    upload = w.call("create_multipart_upload", **b, **k, ChecksumAlgorithm="SHA256")
    if upload.get("ChecksumAlgorithm") != "SHA256":
        raise AssertionError(f"the upload says {upload}")
    u = {**b, **k, "UploadId": upload["UploadId"]}
    gone = {**b, **k, "UploadId": "nonsense"}
    w.refuse("NoSuchBucket", "create_multipart_upload", **nb, **k)
    made = []
    for number, body in [(1, large), (2, b"end")]:
        part = w.call("upload_part", **u, PartNumber=number, Body=body, ChecksumAlgorithm="SHA256")
        made.append({"PartNumber": number, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]})
    w.refuse("NoSuchUpload", "upload_part", **gone, PartNumber=1, Body=b"")
    w.refuse("InvalidArgument", "upload_part", **u, PartNumber=10001, Body=b"")
    w.call("list_parts", **u, MaxParts=1)
    w.refuse("NoSuchUpload", "list_parts", **gone)
    w.call("list_multipart_uploads", **b, Prefix="l")
    w.refuse("NoSuchBucket", "list_multipart_uploads", **nb)
    w.refuse("InvalidPartOrder", "complete_multipart_upload", **u, MultipartUpload={"Parts": made[::-1]})
    w.refuse("InvalidPart", "complete_multipart_upload", **u, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": '"0"'}]})
    done = w.call("complete_multipart_upload", **u, MultipartUpload={"Parts": made})
    if done.get("ChecksumType") != "COMPOSITE" or not done["ChecksumSHA256"].endswith("-2"):
        raise AssertionError(f"the composite checksum is {done}")
    upload = w.call("create_multipart_upload", **b, Key="copied")
    u = {**b, "Key": "copied", "UploadId": upload["UploadId"]}
    w.call("upload_part_copy", **u, PartNumber=1, CopySource={**b, **k}, CopySourceRange="bytes=0-9")
    w.refuse("NoSuchKey", "upload_part_copy", **u, PartNumber=1, CopySource={**b, "Key": "none"})
    w.call("abort_multipart_upload", **u)
    w.refuse("NoSuchUpload", "abort_multipart_upload", **u)


def empty(w, b):
    w.refuse("BucketNotEmpty", "delete_bucket", **b)
    page = w.client.list_object_versions(**b)
    for item in page.get("Versions", []) + page.get("DeleteMarkers", []):
        w.client.delete_object(**b, Key=item["Key"], VersionId=item["VersionId"])
    w.call("delete_bucket", **b)
