"""Functions in a few lines of Python, as deployment packages with a runtime of their own."""

import io
import sys
import zipfile

BOOTSTRAP = """#!{python}
import json, os, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    event = urllib.request.urlopen(api + "next")
    identifier = event.headers["Lambda-Runtime-Aws-Request-Id"]
    event = event.read()
    answer = {answer}
    urllib.request.urlopen(urllib.request.Request(api + identifier + "/response", answer, method="POST"))
"""
# What the function returns: its event, or the credentials that it was given.
ECHO = "event"
CREDENTIALS = 'json.dumps({name: value for name, value in os.environ.items() if name.startswith("AWS_")}).encode()'


def package(answer=ECHO):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, BOOTSTRAP.format(python=sys.executable, answer=answer))
    return buffer.getvalue()
