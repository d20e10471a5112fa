"""Logs followed by those who follow them on AWS: the AWS CLI's `logs start-live-tail`, and whoever asks
`FilterLogEvents` again and again for what came since, as `aws logs tail --follow` of version 2 does.
"""

import os
import queue
import signal
import subprocess
import threading
import time

import boto3

from referee import Referee

GROUP = "/referees/tail"
# How long a line may take, in seconds.
PATIENCE = 30

referee = Referee()
logs = boto3.client("logs")
logs.create_log_group(logGroupName=GROUP)
for stream in ("one", "two"):
    logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
arn = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"][0]["logGroupArn"]


def put(stream, *messages, ago=0):
    at = int(time.time() * 1000) - ago
    events = [{"timestamp": at + number, "message": message} for number, message in enumerate(messages)]
    logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)


def lines_of(process):
    """The lines that a process prints, as they come."""
    lines = queue.Queue()

    def read():
        for line in process.stdout:
            lines.put(line.rstrip("\n"))

    threading.Thread(target=read, daemon=True).start()
    return lines


def listening(lines):
    """Waits until the client gets what is put. It does not say when it begins to."""
    for number in range(PATIENCE * 5):
        put("one", f"are you there {number}")
        try:
            return lines.get(timeout=0.2)
        except queue.Empty:
            pass
    raise AssertionError("nothing was printed")


def next_lines(lines, count):
    found = []
    while len(found) < count:
        line = lines.get(timeout=PATIENCE)
        if "are you there" not in line:
            found.append(line)
    return found


with referee.case("the AWS CLI's live tail prints what comes, and ends on Ctrl-C"):
    environment = {**os.environ, "AWS_DISABLE_HOST_PREFIX_INJECTION": "true", "PYTHONUNBUFFERED": "1"}
    command = ["aws", "logs", "start-live-tail", "--log-group-identifiers", arn]
    cli = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, bufsize=1)
    try:
        lines = lines_of(cli)
        listening(lines)
        put("two", "über zwei")
        put("one", "and one", ago=60_000)
        assert sorted(next_lines(lines, 2)) == ["and one", "über zwei"]
        cli.send_signal(signal.SIGINT)
        code = cli.wait(timeout=PATIENCE)
        assert code in (0, 130, -signal.SIGINT), f"it ended with {code}"
    finally:
        if cli.poll() is None:
            cli.kill()

with referee.case("the AWS CLI's live tail of some streams and some messages"):
    command += ["--log-stream-names", "two", "--log-event-filter-pattern", "ERROR"]
    cli = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, bufsize=1)
    try:
        lines = lines_of(cli)
        for number in range(PATIENCE * 5):
            put("one", "ERROR elsewhere")
            put("two", "INFO of nothing", "ERROR found")
            try:
                assert lines.get(timeout=0.2) == "ERROR found"
                break
            except queue.Empty:
                pass
        else:
            raise AssertionError("nothing was printed")
        cli.send_signal(signal.SIGTERM)
        cli.wait(timeout=PATIENCE)
        while not lines.empty():
            assert lines.get() == "ERROR found"
    finally:
        if cli.poll() is None:
            cli.kill()

with referee.case("who asks again for what came since is told of each event once"):
    start = int(time.time() * 1000)
    seen, told = set(), []
    for round in range(5):
        put("one", f"{round} of one")
        put("two", f"{round} of two")
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=GROUP, startTime=start, interleaved=True, PaginationConfig={"PageSize": 1})
        for page in pages:
            for event in page["events"]:
                if event["eventId"] not in seen:
                    seen.add(event["eventId"])
                    told.append(event["message"])
                start = max(start, event["timestamp"])
    assert told == [f"{round} of {stream}" for round in range(5) for stream in ("one", "two")], told


logs.delete_log_group(logGroupName=GROUP)
referee.finish()
