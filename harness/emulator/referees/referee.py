"""What the checks share: counting, and saying what failed.

A check is a script that makes cases, and ends with `referee.finish()`:

    from referee import Referee
    referee = Referee()
    with referee.case("a bucket is listed"):
        assert ...
    referee.finish()
"""

import contextlib
import sys
import traceback


class Referee:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    @contextlib.contextmanager
    def case(self, name):
        """What is inside passes unless it raises; the other cases go on."""
        try:
            yield
        except Exception as error:  # a referee reports whatever went wrong
            self.failed += 1
            print(f"FAILED {name}")
            text = "".join(traceback.format_exception(error)).rstrip()
            print("  " + text.replace("\n", "\n  "))
        else:
            self.passed += 1

    def check(self, name, found, expected):
        """One comparison."""
        if found == expected:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {name}\n  expected {expected!r}\n  found    {found!r}")

    def complain(self, name, problems):
        """One case with everything that is wrong with it."""
        if problems:
            self.failed += 1
            print(f"FAILED {name}")
            for problem in problems:
                print(f"  {problem}")
        else:
            self.passed += 1

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed else 0)
