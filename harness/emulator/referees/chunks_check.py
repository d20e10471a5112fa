"""Bodies in chunks, signed and not, with and without a trailer; and buckets named in the host.

No client here signs chunks over plain HTTP, so this follows AWS's page itself:
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and its sister on trailers. The
page's example is checked first, so that a mistake here is not taken for one of the emulator's.
"""

import base64
import datetime
import hashlib
import hmac
import http.client
import os
import socket
import urllib.parse
import zlib

import boto3
import botocore.config

from referee import Referee

referee = Referee()
ENDPOINT = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"])
KEY, SECRET = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
REGION = os.environ["AWS_REGION"]
SIGNED, SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
EMPTY = hashlib.sha256(b"").hexdigest()
s3 = boto3.client("s3", config=botocore.config.Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}))
s3.create_bucket(Bucket="chunks")


class Signer:
    def __init__(self, secret, stamp, region):
        self.stamp, self.scope = stamp, f"{stamp[:8]}/{region}/s3/aws4_request"
        key = f"AWS4{secret}".encode()
        for part in self.scope.split("/"):
            key = hmac.new(key, part.encode(), "sha256").digest()
        self.key = key

    def sign(self, kind, *lines):
        text = "\n".join([kind, self.stamp, self.scope, *lines])
        return hmac.new(self.key, text.encode(), "sha256").hexdigest()

    def seed(self, method, path, headers):
        names = ";".join(sorted(headers))
        lines = [f"{name}:{headers[name]}" for name in sorted(headers)]
        canonical = "\n".join([method, path, "", *lines, "", names, headers["x-amz-content-sha256"]])
        return names, self.sign("AWS4-HMAC-SHA256", hashlib.sha256(canonical.encode()).hexdigest())

    def chunk(self, previous, data):
        return self.sign("AWS4-HMAC-SHA256-PAYLOAD", previous, EMPTY, hashlib.sha256(data).hexdigest())

    def trailer(self, previous, text):
        return self.sign("AWS4-HMAC-SHA256-TRAILER", previous, hashlib.sha256(text.encode()).hexdigest())


with referee.case("the documented example"):
    ours = Signer("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20130524T000000Z", "us-east-1")
    headers = {
        "content-encoding": "aws-chunked", "content-length": "66824", "host": "s3.amazonaws.com",
        "x-amz-content-sha256": SIGNED, "x-amz-date": "20130524T000000Z",
        "x-amz-decoded-content-length": "66560", "x-amz-storage-class": "REDUCED_REDUNDANCY",
    }
    _, seed = ours.seed("PUT", "/examplebucket/chunkObject.txt", headers)
    assert seed == "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9", seed
    first = ours.chunk(seed, b"a" * 65536)
    assert first == "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648", first
    second = ours.chunk(first, b"a" * 1024)
    assert second == "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497", second
    assert ours.chunk(second, b"") == "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"


def put(key, chunks, payload, trailer=None, spoil=None, length=None, announce="x-amz-checksum-crc32"):
    """Status and body of a put. `spoil(parts)` may change what goes out: a list of the chunks, the
    last one, and the trailer."""
    stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    signer = Signer(SECRET, stamp, REGION)
    path = f"/chunks/{key}"
    headers = {
        "host": ENDPOINT.netloc, "x-amz-date": stamp, "x-amz-content-sha256": payload, "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": str(length if length is not None else sum(map(len, chunks))),
    }
    if payload != SIGNED:
        headers["x-amz-trailer"] = announce
    names, previous = signer.seed("PUT", path, headers)
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={KEY}/{signer.scope}, SignedHeaders={names}, Signature={previous}"
    )
    parts = []
    for data in [*chunks, b""]:
        line = f"{len(data):x}"
        if payload != UNSIGNED_TRAILER:
            previous = signer.chunk(previous, data)
            line += f";chunk-signature={previous}"
        end = b"" if data == b"" and payload != SIGNED else b"\r\n"
        parts.append(line.encode() + b"\r\n" + data + end)
    if payload != SIGNED:
        crc = base64.b64encode(zlib.crc32(b"".join(chunks)).to_bytes(4, "big")).decode()
        text = f"x-amz-checksum-crc32:{crc if trailer is None else trailer}"
        signature = ""
        if payload == SIGNED_TRAILER:
            signature = f"x-amz-trailer-signature:{signer.trailer(previous, text + chr(10))}\r\n"
        parts.append(f"{text}\r\n{signature}\r\n".encode())
    if spoil:
        parts = spoil(parts)
    connection = http.client.HTTPConnection(ENDPOINT.netloc)
    connection.request("PUT", path, b"".join(parts), headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


LARGE = [b"a" * 65536, b"b" * 65536, b"c" * 1024]
ALL = {"signed": SIGNED, "signed, with a trailer": SIGNED_TRAILER, "with a trailer": UNSIGNED_TRAILER}
for name, payload in ALL.items():
    with referee.case(f"chunks {name}"):
        for number, chunks in enumerate([LARGE, [b"small"], []]):
            key = f"{payload}-{number}"
            answer = put(key, chunks, payload)
            assert answer[0] == 200, answer
            found = s3.get_object(Bucket="chunks", Key=key)
            assert found["Body"].read() == b"".join(chunks)
            assert "aws-chunked" not in found.get("ContentEncoding", ""), found


def refused(name, status, code, *arguments, **more):
    with referee.case(f"refused: {name}"):
        answer = put("refused", *arguments, **more)
        assert answer[0] == status and f"<Code>{code}</Code>" in answer[1], answer
        listed = s3.list_objects_v2(Bucket="chunks", Prefix="refused")
        assert listed["KeyCount"] == 0, "something was stored"


def other_bytes(parts):
    return [parts[0].replace(b"aaaa", b"aaab", 1), *parts[1:]]


def swapped(parts):
    return [parts[1], parts[0], *parts[2:]]


for name, payload in list(ALL.items())[:2]:
    refused(f"another chunk than was signed, {name}", 403, "SignatureDoesNotMatch", LARGE, payload, spoil=other_bytes)
    refused(f"chunks in another order, {name}", 403, "SignatureDoesNotMatch", LARGE, payload, spoil=swapped)
    refused(f"a chunk's signature of zeros, {name}", 403, "SignatureDoesNotMatch", LARGE, payload,
            spoil=lambda parts: [parts[0].replace(parts[0].split(b"=")[1][:64], b"0" * 64), *parts[1:]])
    refused(f"chunks without signatures, {name}", 400, "IncompleteBody", LARGE, payload,
            spoil=lambda parts: [b"5\r\nhello\r\n", *parts[1:]])
for name, payload in ALL.items():
    refused(f"no last chunk, {name}", 400, "IncompleteBody", LARGE, payload, spoil=lambda parts: parts[:2])
    refused(f"half a chunk, {name}", 400, "IncompleteBody", LARGE, payload, spoil=lambda parts: [parts[0][:5000]])
    refused(f"fewer bytes than were announced, {name}", 400, "IncompleteBody", LARGE, payload, length=200_000)
    refused(f"more bytes than were announced, {name}", 400, "IncompleteBody", LARGE, payload, length=100_000)
    refused(f"a size that is no number, {name}", 400, "IncompleteBody", LARGE, payload,
            spoil=lambda parts: [b"zz" + parts[0], *parts[1:]])
    refused(f"a small chunk that is not the last, {name}", 403, "InvalidChunkSizeError", [b"a" * 8191, b"b"], payload)
refused("another trailer than was signed", 403, "SignatureDoesNotMatch", LARGE, SIGNED_TRAILER,
        spoil=lambda parts: [*parts[:-1], parts[-1].replace(b"crc32:", b"crc32:A", 1)])
for name, payload in list(ALL.items())[1:]:
    refused(f"a wrong checksum, {name}", 400, "BadDigest", LARGE, payload, trailer="AAAAAA==")
    refused(f"no trailer, {name}", 400, "MalformedTrailerError", LARGE, payload, spoil=lambda parts: [*parts[:-1], b"\r\n"])
    refused(f"half a trailer, {name}", 400, "MalformedTrailerError", LARGE, payload,
            spoil=lambda parts: [*parts[:-1], parts[-1][:12]])
refused("a trailer without its signature", 400, "MalformedTrailerError", LARGE, SIGNED_TRAILER,
        spoil=lambda parts: [*parts[:-1], parts[-1].split(b"x-amz-trailer-signature")[0] + b"\r\n"])

# Every name leads to the emulator, as *.localhost does on most machines and not on all.
real = socket.getaddrinfo
socket.getaddrinfo = lambda host, *more, **kinds: real(
    "127.0.0.1" if str(host).endswith("localhost") else host, *more, **kinds
)
for host in ["s3.localhost", "localhost", f"s3.{REGION}.localhost"]:
    with referee.case(f"a bucket in the host, before {host}"):
        client = boto3.client("s3", endpoint_url=f"http://{host}:{ENDPOINT.port}", config=botocore.config.Config(
            s3={"addressing_style": "virtual"}, signature_version="s3v4", retries={"total_max_attempts": 1}))
        hosts = []
        client.meta.events.register("before-send.s3", lambda request, **_: hosts.append(request.url))
        bucket = f"in-the-host-{len(host)}.with.dots" if host == "s3.localhost" else f"in-the-host-{len(host)}"
        client.create_bucket(Bucket=bucket)
        client.put_object(Bucket=bucket, Key="a/b c+ü", Body=b"hello", Tagging="a=b")
        assert client.get_object(Bucket=bucket, Key="a/b c+ü")["Body"].read() == b"hello"
        assert client.head_bucket(Bucket=bucket)["BucketRegion"] == REGION
        listed = client.list_objects_v2(Bucket=bucket, Prefix="a/")
        assert [found["Key"] for found in listed["Contents"]] == ["a/b c+ü"], listed
        upload = client.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
        part = client.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1, Body=b"part")
        client.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload={
            "Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
        client.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "a/b c+ü"})
        address = client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "copy"})
        place = urllib.parse.urlsplit(address)
        connection = http.client.HTTPConnection(place.netloc)
        connection.request("GET", f"{place.path}?{place.query}")
        assert connection.getresponse().read() == b"hello"
        deleted = client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in ["a/b c+ü", "parts", "copy"]]})
        assert len(deleted["Deleted"]) == 3, deleted
        client.delete_bucket(Bucket=bucket)
        assert all(urllib.parse.urlsplit(url).netloc.startswith(bucket + ".") for url in hosts), hosts
referee.finish()
