"""Signatures: what is right in every form that AWS's clients know, and each way to be wrong.

botocore signs; what it would never sign wrongly is signed here with its own classes and a clock that
is off, a foreign secret, a wrong scope. The errors are AWS's, field by field.
"""

import datetime
import hashlib
import html
import io
import os
import re
import urllib.error
import urllib.parse
import urllib.request

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.exceptions

from referee import Referee

referee = Referee()
ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
KEY, SECRET = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
GOOD = botocore.credentials.Credentials(KEY, SECRET)
# boto3 presigns for us-east-1 with version 2 of the signature unless it is told not to.
s3 = boto3.client("s3", config=botocore.config.Config(signature_version="s3v4", s3={"addressing_style": "path"}))
s3.create_bucket(Bucket="signed")
s3.put_object(Bucket="signed", Key="k", Body=b"hello")


def send(request):
    """Status and body."""
    prepared = request.prepare() if hasattr(request, "prepare") else request
    raw = urllib.request.Request(prepared.url, prepared.body, dict(prepared.headers), method=prepared.method)
    try:
        with urllib.request.urlopen(raw) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def request(method="GET", path="/signed/k", data=b"", headers=None):
    return botocore.awsrequest.AWSRequest(method=method, url=ENDPOINT + path, data=data, headers=headers or {})


def sign(made, credentials=GOOD, region="us-east-1", service="s3", moment=None, signer=None, **more):
    """Signs as if it were `moment`."""
    auth = (signer or (botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth))(
        credentials, service, region, **more
    )
    real = botocore.auth.get_current_datetime
    if moment is not None:
        botocore.auth.get_current_datetime = lambda *_: moment
    try:
        auth.add_auth(made)
    finally:
        botocore.auth.get_current_datetime = real
    return made


def ago(**span):
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - datetime.timedelta(**span)


def expect(name, answer, status, *parts):
    found, body = answer
    problems = [] if found == status else [f"status {found} instead of {status}"]
    problems += [f"no {part}" for part in parts if part not in html.unescape(body)]
    referee.complain(name, problems + [body] if problems else [])


def element(body, name):
    found = re.search(f"<{name}>(.*?)</{name}>", body, re.S)
    return found and found[1]


class Presigned(botocore.auth.S3SigV4QueryAuth):
    pass


# What is right.
expect("S3, in the header", send(sign(request())), 200, "hello")
expect("S3, in the query", send(sign(request(), signer=Presigned, expires=60)), 200, "hello")
expect("S3, in the query, a week", send(sign(request(), signer=Presigned, expires=604800)), 200, "hello")
expect("S3, in the query, from 10 minutes ahead", send(sign(request(), signer=Presigned, moment=ago(minutes=-10), expires=60)), 200)
with referee.case("S3, a presigned put with a type"):
    url = s3.generate_presigned_url("put_object", {"Bucket": "signed", "Key": "a b+ü", "ContentType": "text/csv"})
    made = urllib.request.Request(url, b"by hand", {"Content-Type": "text/csv"}, method="PUT")
    assert urllib.request.urlopen(made).status == 200
    assert s3.get_object(Bucket="signed", Key="a b+ü")["Body"].read() == b"by hand"
with referee.case("S3, a presigned listing with a prefix"):
    url = s3.generate_presigned_url("list_objects_v2", {"Bucket": "signed", "Prefix": "a b+"})
    body = urllib.request.urlopen(url).read().decode()
    assert "a b+ü" in body or "a+b%2B%C3%BC" in body, body
for name, config in [
    ("payload signed", {"payload_signing_enabled": True}),
    ("payload not signed", {"payload_signing_enabled": False}),
]:
    with referee.case(f"S3, a put with its {name}"):
        client = boto3.client("s3", config=botocore.config.Config(s3={"addressing_style": "path", **config}))
        client.put_object(Bucket="signed", Key="p", Body=b"payload")
        assert client.get_object(Bucket="signed", Key="p")["Body"].read() == b"payload"
with referee.case("S3, a body in chunks with a checksum behind it"):
    # A body that is not in memory goes in chunks, with a trailer.
    s3.upload_fileobj(io.BytesIO(b"x" * 100_000), "signed", "chunks", ExtraArgs={"ChecksumAlgorithm": "SHA256"})
    assert s3.head_object(Bucket="signed", Key="chunks")["ContentLength"] == 100_000
identity = "Action=GetCallerIdentity&Version=2011-06-15"
with referee.case("STS, in the query, as clusters and vaults identify callers"):
    url = boto3.client("sts").generate_presigned_url("get_caller_identity", HttpMethod="GET")
    assert "GetCallerIdentityResult" in urllib.request.urlopen(url).read().decode()

# What is wrong, in S3's words.
wrong = botocore.credentials.Credentials(KEY, "wrong")
status, body = send(sign(request(), wrong))
fields = ["AWSAccessKeyId", "StringToSign", "SignatureProvided", "StringToSignBytes", "CanonicalRequest",
          "CanonicalRequestBytes", "RequestId", "HostId"]
expect("S3, a wrong secret", (status, body), 403, "<Code>SignatureDoesNotMatch</Code>", *[f"<{f}>" for f in fields])
with referee.case("S3, the text to sign is shown as the client has it"):
    made = request()
    auth = botocore.auth.S3SigV4Auth(wrong, "s3", "us-east-1")
    auth.add_auth(made)
    _, body = send(made)
    made.headers = {name: value for name, value in made.headers.items() if name != "Authorization"}
    assert element(body, "CanonicalRequest").replace("&amp;", "&") == auth.canonical_request(made), body
expect("S3, a wrong secret in the query", send(sign(request(), wrong, signer=Presigned)), 403,
       "<Code>SignatureDoesNotMatch</Code>", "<CanonicalRequest>")
nobody = botocore.credentials.Credentials("AKIANOBODY", SECRET)
expect("S3, an unknown key", send(sign(request(), nobody)), 403, "<Code>InvalidAccessKeyId</Code>",
       "<AWSAccessKeyId>AKIANOBODY</AWSAccessKeyId>")
expect("S3, an unknown key in the query", send(sign(request(), nobody, signer=Presigned)), 403, "<Code>InvalidAccessKeyId</Code>")
expect("S3, a token that is none", send(sign(request(), botocore.credentials.Credentials(KEY, SECRET, "none"))), 400,
       "<Code>InvalidToken</Code>")
expect("S3, expired", send(sign(request(), signer=Presigned, moment=ago(hours=2), expires=3600)), 403,
       "<Code>AccessDenied</Code>", "<Message>Request has expired</Message>", "<X-Amz-Expires>3600</X-Amz-Expires>",
       "<Expires>", "<ServerTime>")
expect("S3, more than a week", send(sign(request(), signer=Presigned, expires=604801)), 400,
       "<Code>AuthorizationQueryParametersError</Code>", "must be less than 604800 seconds")
expect("S3, a clock that is off", send(sign(request(), moment=ago(minutes=16))), 403, "<Code>RequestTimeTooSkewed</Code>",
       "<RequestTime>", "<ServerTime>", "<MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds>")
s3.create_bucket(Bucket="signed-elsewhere", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
expect("S3, signed for us-east-1 where the bucket is not", send(sign(request(path="/signed-elsewhere"))), 400,
       "<Code>AuthorizationHeaderMalformed</Code>", "the region 'us-east-1' is wrong; expecting 'eu-central-1'",
       "<Region>eu-central-1</Region>")
expect("S3, signed for another region than the bucket's", send(sign(request(), region="eu-west-1")), 301,
       "<Code>PermanentRedirect</Code>", "<Endpoint>signed.s3.us-east-1.amazonaws.com</Endpoint>", "<Bucket>signed</Bucket>")
with referee.case("S3, boto3 follows to the bucket's region"):
    west = boto3.client("s3", region_name="eu-west-1", config=botocore.config.Config(s3={"addressing_style": "path"}))
    assert west.get_object(Bucket="signed", Key="k")["Body"].read() == b"hello"
    assert s3.head_bucket(Bucket="signed-elsewhere")["BucketRegion"] == "eu-central-1"
late = sign(request())
late.headers["x-amz-meta-late"] = "1"
expect("S3, a header that is not signed", send(late), 403, "<Code>AccessDenied</Code>",
       "<HeadersNotSigned>x-amz-meta-late</HeadersNotSigned>")
expect("S3, version 2 in the header", send(request(headers={"Authorization": f"AWS {KEY}:c2lnbmF0dXJl"})), 400,
       "<Code>InvalidRequest</Code>", "Please use AWS4-HMAC-SHA256.")
expect("S3, version 2 in the query", send(request(path=f"/signed/k?AWSAccessKeyId={KEY}&Expires=9999999999&Signature=x")), 400,
       "<Code>InvalidRequest</Code>", "Please use AWS4-HMAC-SHA256.")
expect("S3, another mechanism", send(request(headers={"Authorization": "Basic eDp5"})), 400,
       "<Message>Unsupported Authorization Type</Message>")
both = sign(request(), signer=Presigned)
both.headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=x"
expect("S3, two mechanisms", send(both), 400, "Only one auth mechanism allowed")
other = sign(request("PUT", data=b"this", headers={"x-amz-content-sha256": hashlib.sha256(b"this").hexdigest()}))
other.data = b"that"
expect("S3, a body that was not signed", send(other), 400, "<Code>XAmzContentSHA256Mismatch</Code>")
expect("S3, nobody", send(request()), 403, "<Code>AccessDenied</Code>")
expect("S3, a browser's form", send(request("POST", "/signed", b"--b--", {"Content-Type": "multipart/form-data; boundary=b"})),
       501, "<Code>NotImplemented</Code>", "PostObject")

# What is wrong, in the words of the others.
json_headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.ListQueues"}
form = {"Content-Type": "application/x-www-form-urlencoded"}
kinds = {
    "sqs": ("POST", "/", b"{}", json_headers, "InvalidSignatureException", "UnrecognizedClientException"),
    "lambda": ("GET", "/2015-03-31/functions", b"", {}, "InvalidSignatureException", "UnrecognizedClientException"),
    "sts": ("POST", "/", identity.encode(), form, "SignatureDoesNotMatch", "InvalidClientTokenId"),
    "sns": ("POST", "/", b"Action=ListTopics&Version=2010-03-31", form, "SignatureDoesNotMatch", "InvalidClientTokenId"),
    "iam": ("POST", "/", b"Action=ListRoles&Version=2010-05-08", form, "SignatureDoesNotMatch", "InvalidClientTokenId"),
}
for service, (method, path, data, headers, mismatch, unknown) in kinds.items():
    def made():
        return request(method, path, data, dict(headers))

    expect(f"{service}, right", send(sign(made(), service=service)), 200)
    expect(f"{service}, a wrong secret", send(sign(made(), wrong, service=service)), 403, mismatch,
           "The request signature we calculated does not match the signature you provided.")
    expect(f"{service}, an unknown key", send(sign(made(), nobody, service=service)), 403, unknown)
    expect(f"{service}, a token that is none",
           send(sign(made(), botocore.credentials.Credentials(KEY, SECRET, "none"), service=service)), 403, unknown)
    expect(f"{service}, a clock that is behind", send(sign(made(), service=service, moment=ago(minutes=6))), 403, mismatch,
           "Signature expired: ", " is now earlier than ", " - 5 min.)")
    expect(f"{service}, a clock that is ahead", send(sign(made(), service=service, moment=ago(minutes=-6))), 403, mismatch,
           "Signature not yet current: ", " is still later than ", " + 5 min.)")
referee.finish()
