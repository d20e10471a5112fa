"""Has Terraform say what text means that is given to a variable, and compares that with harness/stack/tests/variables.json, to
which a test holds the stack reader.

Usage: terraform_variables.py CASES COMMAND...

COMMAND is Terraform; it is run in a folder made for that, with no provider.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile


def main() -> int:
    path, *terraform = sys.argv[1:]
    cases = json.loads(pathlib.Path(path).read_text())
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_VAR_")}
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        # A variable for each case. What is refused is refused beside them, one at a time.
        declarations = []
        for number, case in enumerate(cases):
            kind = f"  type    = {case['type']}\n" if case["type"] else ""
            declarations.append(f'variable "x{number}" {{\n{kind}  default = null\n}}\n')
            declarations.append(f'output "x{number}" {{\n  value = jsonencode(var.x{number})\n}}\n')
        (pathlib.Path(folder) / "main.tf").write_text("".join(declarations))

        def run(*arguments):
            command = [*terraform, f"-chdir={folder}", *arguments]
            return subprocess.run(command, env=environment, capture_output=True, text=True)

        options = {number: f"-var=x{number}={case['text']}" for number, case in enumerate(cases)}
        accepted = [options[number] for number, case in enumerate(cases) if not case.get("refused")]
        applied = run("apply", "-auto-approve", "-no-color", "-input=false", *accepted)
        if applied.returncode:
            sys.exit(f"something is refused that should not be:\n{applied.stdout}{applied.stderr}")
        outputs = json.loads(run("output", "-json").stdout)
        for number, case in enumerate(cases):
            if case.get("refused"):
                if not run("plan", "-no-color", "-input=false", options[number]).returncode:
                    problems.append(f"{case}: not refused")
                continue
            value = json.loads(outputs[f"x{number}"]["value"])
            if json.dumps(value, sort_keys=True) != json.dumps(case["value"], sort_keys=True):
                problems.append(f"{case}: {json.dumps(value)}")
    for problem in problems:
        print(problem)
    print(f"{len(cases)} texts given to variables: {len(problems)} that Terraform takes for something else")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
