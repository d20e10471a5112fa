"""Memory: an object never lies in it as a whole.

Puts, copies and gets a large object, whole and in parts, while the peak of the emulator's resident
memory (proc(5), VmHWM) may grow by BOUND_MB and no more. SIZE_MB says how large: 512 unless told;
5120 is what S3 takes in one put.
"""

import base64
import hashlib
import http.client
import os
import pathlib
import time
import urllib.parse
import zlib

import boto3
import botocore.config
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from boto3.s3.transfer import TransferConfig

from referee import Referee

SIZE = int(os.environ.get("SIZE_MB", "512")) << 20
BOUND_MB = 64
PIECE = 1 << 20
PROCESS = pathlib.Path("/proc") / os.environ["EMULATOR_PID"]

referee = Referee()
# The payload's own hash would be made by reading it all before; a checksum goes behind it.
s3 = boto3.client("s3", config=botocore.config.Config(
    s3={"addressing_style": "path", "payload_signing_enabled": False}, retries={"total_max_attempts": 1}, read_timeout=600))
s3.create_bucket(Bucket="memory")


def peak():
    """In megabytes."""
    line = next(line for line in (PROCESS / "status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


class Large:
    """A file of SIZE bytes, made as it is read; a piece is not like the next one."""

    def __init__(self):
        self.at = 0

    def __len__(self):
        return SIZE

    def tell(self):
        return self.at

    def seek(self, offset, whence=0):
        self.at = offset + {0: 0, 1: self.at, 2: SIZE}[whence]
        return self.at

    def read(self, length=-1):
        length = SIZE - self.at if length is None or length < 0 else min(length, SIZE - self.at)
        number, start = divmod(self.at, PIECE)
        end = self.at + length
        pieces = []
        while self.at < end:
            piece = bytes([number % 251]) * PIECE
            taken = piece[start:start + end - self.at]
            pieces.append(taken)
            self.at += len(taken)
            number, start = number + 1, 0
        return b"".join(pieces)


def digest(read):
    whole = hashlib.md5()
    while piece := read(PIECE):
        whole.update(piece)
    return whole.hexdigest()


EXPECTED = digest(Large().read)


def holds(key):
    found = s3.get_object(Bucket="memory", Key=key)
    assert found["ContentLength"] == SIZE, found["ContentLength"]
    assert digest(found["Body"].read) == EXPECTED, "other bytes came back"


def put():
    s3.put_object(Bucket="memory", Key="whole", Body=Large(), ContentLength=SIZE)


def parts():
    settings = TransferConfig(multipart_threshold=PIECE, multipart_chunksize=64 * PIECE, max_concurrency=2)
    s3.upload_fileobj(Large(), "memory", "parts", Config=settings)


def one_chunk():
    """As some clients put what they know the length of: all of it in a single chunk, which is not signed."""
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    line, crc = f"{SIZE:x}\r\n".encode(), 0
    source = Large()
    while piece := source.read(PIECE):
        crc = zlib.crc32(piece, crc)
    end = b"\r\n0\r\nx-amz-checksum-crc32:" + base64.b64encode(crc.to_bytes(4, "big")) + b"\r\n\r\n"
    request = AWSRequest("PUT", f"{endpoint}/memory/chunk", headers={
        "content-encoding": "aws-chunked", "x-amz-trailer": "x-amz-checksum-crc32", "x-amz-decoded-content-length": str(SIZE)})
    request.context["checksum"] = {"request_algorithm": {"in": "trailer"}}
    S3SigV4Auth(boto3.Session().get_credentials(), "s3", os.environ["AWS_REGION"]).add_auth(request)
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(endpoint).netloc)
    connection.putrequest("PUT", "/memory/chunk")
    for name, value in {**request.headers, "Content-Length": str(len(line) + SIZE + len(end))}.items():
        connection.putheader(name, value)
    connection.endheaders(line)
    source = Large()
    while piece := source.read(PIECE):
        connection.send(piece)
    connection.send(end)
    answer = connection.getresponse()
    assert answer.status == 200, (answer.status, answer.read())


def copy():
    s3.copy_object(Bucket="memory", Key="copy", CopySource={"Bucket": "memory", "Key": "whole"})


# What is used once anyway: code that is loaded, threads that are started.
s3.put_object(Bucket="memory", Key="warm", Body=b"x" * (4 * PIECE))
s3.get_object(Bucket="memory", Key="warm")["Body"].read()
before = peak()
print(f"{SIZE >> 20} MB; peak before: {before:.0f} MB")
for name, work in {
    "a put": put,
    "a get": lambda: holds("whole"),
    "a copy": copy,
    "a get of the copy": lambda: holds("copy"),
    "a put in one chunk": one_chunk,
    "a get of that": lambda: holds("chunk"),
    "a put in parts": parts,
    "a get of the parts": lambda: holds("parts"),
}.items():
    with referee.case(name):
        begun = time.monotonic()
        work()
        grown = peak() - before
        print(f"{name}: {time.monotonic() - begun:.1f} s, peak grown by {grown:.0f} MB")
        assert grown < BOUND_MB, f"the peak has grown by {grown:.0f} MB"
for key in ["whole", "copy", "chunk", "parts", "warm"]:
    s3.delete_object(Bucket="memory", Key=key)
referee.finish()
