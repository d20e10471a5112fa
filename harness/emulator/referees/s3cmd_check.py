"""s3cmd, which signs and speaks S3 in its own way: buckets, files, folders, parts, removal."""

import hashlib
import os
import pathlib
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request

from referee import Referee

referee = Referee()
host = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc
folder = pathlib.Path(tempfile.mkdtemp())
(folder / "config").write_text(f"""[default]
access_key = {os.environ["AWS_ACCESS_KEY_ID"]}
secret_key = {os.environ["AWS_SECRET_ACCESS_KEY"]}
host_base = {host}
host_bucket = {host}
use_https = False
bucket_location = us-east-1
""")


def s3cmd(*arguments):
    command = ["s3cmd", "-c", str(folder / "config"), "--no-progress", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise AssertionError(f"{' '.join(arguments)}: {done.stderr}")
    return done.stdout


small = folder / "sp ace+ü.csv"
small.write_text("Zipcode\n07440\n")
large = folder / "large.bin"
large.write_bytes(os.urandom(12 << 20))

with referee.case("a bucket is made and listed"):
    s3cmd("mb", "s3://s3cmd-bucket")
    assert "s3://s3cmd-bucket" in s3cmd("ls")
with referee.case("a file with an unusual name goes there and back"):
    s3cmd("put", str(small), f"s3://s3cmd-bucket/in/{small.name}")
    assert f"s3://s3cmd-bucket/in/{small.name}" in s3cmd("ls", "s3://s3cmd-bucket/in/")
    s3cmd("get", f"s3://s3cmd-bucket/in/{small.name}", str(folder / "back.csv"))
    assert (folder / "back.csv").read_bytes() == small.read_bytes()
with referee.case("a large file goes there in parts and back"):
    s3cmd("put", "--multipart-chunk-size-mb=5", str(large), "s3://s3cmd-bucket/large.bin")
    s3cmd("get", "s3://s3cmd-bucket/large.bin", str(folder / "back.bin"))
    digests = [hashlib.sha256(p.read_bytes()).hexdigest() for p in (large, folder / "back.bin")]
    assert digests[0] == digests[1]
with referee.case("info tells size, type and checksum"):
    info = s3cmd("info", "s3://s3cmd-bucket/large.bin")
    assert str(12 << 20) in info, info
with referee.case("a copy and a move"):
    s3cmd("cp", "s3://s3cmd-bucket/large.bin", "s3://s3cmd-bucket/copy.bin")
    s3cmd("mv", "s3://s3cmd-bucket/copy.bin", "s3://s3cmd-bucket/moved.bin")
    listed = s3cmd("ls", "s3://s3cmd-bucket/")
    assert "moved.bin" in listed and "copy.bin" not in listed, listed
with referee.case("a folder is synchronised, the second time without a transfer"):
    tree = folder / "tree" / "deep"
    tree.mkdir(parents=True)
    for number in range(3):
        (tree / f"{number}.txt").write_text(str(number))
    first = s3cmd("sync", f"{folder}/tree/", "s3://s3cmd-bucket/tree/")
    second = s3cmd("sync", f"{folder}/tree/", "s3://s3cmd-bucket/tree/")
    assert first.count("upload:") == 3 and second.count("upload:") == 0, (first, second)
with referee.case("an address that is signed with version 2, as s3cmd does, is refused as in new regions"):
    address = s3cmd("signurl", "s3://s3cmd-bucket/moved.bin", "+600").strip()
    try:
        urllib.request.urlopen(address)
        raise RuntimeError("it was accepted")
    except urllib.error.HTTPError as error:
        body = error.read()
        assert error.code == 400 and b"Please use AWS4-HMAC-SHA256." in body, body
with referee.case("objects and the bucket are removed"):
    s3cmd("rm", "--recursive", "--force", "s3://s3cmd-bucket/")
    s3cmd("rb", "s3://s3cmd-bucket")
    assert "s3cmd-bucket" not in s3cmd("ls")
with referee.case("an unknown bucket is an error"):
    try:
        s3cmd("ls", "s3://s3cmd-nothing")
        raise RuntimeError("it was listed")
    except AssertionError as error:
        assert "NoSuchBucket" in str(error), error
referee.finish()
