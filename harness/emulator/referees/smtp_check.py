"""Emails that are handed on arrive at a mail server of the standard kind (aiosmtpd) as they lie in the inbox."""

import email
import email.policy
import json
import os
import queue
import signal
import socket
import subprocess
import urllib.request

import boto3
from aiosmtpd.controller import Controller

from referee import Referee

referee = Referee()
arrived = queue.Queue()


class Keeper:
    async def handle_DATA(self, server, session, envelope):
        arrived.put(envelope)
        return "250 taken"


# The server cannot be told to choose.
with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
server = Controller(Keeper(), hostname="127.0.0.1", port=port)
server.start()
environment = {**os.environ, "ZIPSTER_SMTP": f"smtp://127.0.0.1:{port}"}
emulator = subprocess.Popen([os.environ["SERVE"]], stdout=subprocess.PIPE, text=True, env=environment)
try:
    there = json.loads(emulator.stdout.readline())
    sns = boto3.client(
        "sns",
        endpoint_url=there["endpoint"],
        aws_access_key_id=there["access_key_id"],
        aws_secret_access_key=there["secret_access_key"],
    )

    def in_the_inbox(number):
        with urllib.request.urlopen(f"{there['endpoint']}/_zipster/inbox/{number}.eml") as answer:
            return answer.read()

    topic = sns.create_topic(Name="told", Attributes={"DisplayName": "Zips"})["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="reader@example.com")
    invitation = arrived.get(timeout=30)
    referee.check("the invitation is for the reader", invitation.rcpt_tos, ["reader@example.com"])
    referee.check("the invitation is whole", invitation.content.rstrip(), in_the_inbox(1).rstrip())
    link = next(word for word in invitation.content.decode().split() if "ConfirmSubscription" in word)
    urllib.request.urlopen(link).read()

    for number, (subject, body) in enumerate(
        [("plain", "one line"), ("Zürich ✓", "ü" * 2000), ("dots", "a\n.\n..b\nend")], start=2
    ):
        sns.publish(TopicArn=topic, Subject=subject.encode("ascii", "replace").decode(), Message=body)
        mail = arrived.get(timeout=30)
        with referee.case(f"{subject} is whole"):
            assert mail.content.rstrip() == in_the_inbox(number).rstrip(), mail.content
        read = email.message_from_bytes(mail.content, policy=email.policy.default)
        with referee.case(f"{subject} can be read"):
            assert body in read.get_content().replace("\r\n", "\n"), read.get_content()
            assert "Zips" in read["From"] and read["To"] == "reader@example.com", read.items()
finally:
    emulator.send_signal(signal.SIGTERM)
    emulator.wait(timeout=30)
    server.stop()
referee.finish()
