"""docs/by-hand.md, as it stands: its blocks are run in one shell against `cargo zipster up`, and what
they print is compared with the blocks that show it.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile

from referee import Referee

ROOT = pathlib.Path(__file__).resolve().parents[3]
referee = Referee()


def blocks():
    """Language and text of each fenced block, in order."""
    text = (ROOT / "docs/by-hand.md").read_text()
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.S | re.M)


def script(found):
    """One program of all blocks to run, each one's output behind a mark."""
    lines = ["exec 2>&1"]
    for number, (language, text) in enumerate(found):
        if language == "text":
            continue
        lines.append(f"echo; echo '@@ {number}'")
        if language == "python":
            lines.append(f"python3 -B - <<'BY_HAND_BLOCK' || echo '@@ failed {number}'\n{text}BY_HAND_BLOCK")
        else:
            lines.append(text)
    return "\n".join(lines)


def squeeze(line):
    return " ".join(line.split())


def shown(wanted, lines):
    """Whether one of the lines is as wanted."""
    pattern = ".*".join(re.escape(part) for part in squeeze(wanted).split("..."))
    return any(re.fullmatch(pattern + ".*" if wanted.endswith("...") else pattern, line) for line in lines)


def main():
    up = subprocess.Popen(
        ["cargo", "zipster", "up", "--json"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={key: value for key, value in os.environ.items() if not key.startswith("AWS_")},
    )
    try:
        session = json.loads(up.stdout.readline())
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": session["endpoint"],
            "AWS_REGION": session["region"],
            "AWS_DEFAULT_REGION": session["region"],
            "AWS_ACCESS_KEY_ID": session["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": session["secret_access_key"],
            "PROJECT": str(ROOT),
        }
        found = blocks()
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                ["bash", "-uo", "pipefail", "-c", script(found)], cwd=folder, env=environment, stdout=subprocess.PIPE,
                text=True, timeout=300,
            )
    finally:
        up.send_signal(signal.SIGTERM)
        up.wait(timeout=60)
    outputs = dict(re.findall(r"^@@ (\d+)\n(.*?)(?=^@@ \d+\n|\Z)", done.stdout, re.S | re.M))
    ran = None
    for number, (language, text) in enumerate(found):
        if language != "text":
            ran = number
            continue
        output = outputs.get(str(ran), "")
        lines = [squeeze(line) for line in output.splitlines()]
        missing = [line for line in text.splitlines() if line.strip() and not shown(line, lines)]
        if missing:
            missing += ["the output was:", *output.splitlines()]
        referee.complain(f"by-hand.md, block {ran + 1}", missing)
    for number, (language, _) in enumerate(found):
        if language != "text":
            failed = f"@@ failed {number}" in outputs.get(str(number), "")
            referee.complain(f"by-hand.md, block {number + 1} runs", ["it failed"] if failed or str(number) not in outputs else [])
    print(f"{len(outputs)} blocks of docs/by-hand.md were run")
    referee.finish()


main()
