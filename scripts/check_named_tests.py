#!/usr/bin/env python3
"""Fails when docs/testing.md or the promises of README.md name a test that does not exist. Run by ctest -L lint."""
import pathlib
import re
import sys

GTEST = re.compile(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", re.MULTILINE)
PYTEST = re.compile(r"^def (test_\w+)", re.MULTILINE)
NAMED = re.compile(r"`(\w+\.\w+|\w+\.py::\w+)`")
QUOTED = re.compile(r"`([^`]+)`")
FILE = re.compile(r"`([\w/*]+\.py)`")

root = pathlib.Path(__file__).resolve().parent.parent
known = {f"{suite}.{name}" for source in (root / "tests").rglob("*_test.cc")
         for suite, name in GTEST.findall(source.read_text())}
known |= {f"{source.name}::{name}" for source in (root / "tests" / "functional").glob("*.py")
          for name in PYTEST.findall(source.read_text())}


def is_there(words):
    """A path of the tree or a file of the functional tests, both perhaps with *; or ctest with a label."""
    name = words.split()[0]
    if name == "ctest":
        label = words.split()[-1]
        return any(re.search(rf"\b{label}\b", page.read_text(), re.IGNORECASE)
                   for page in (root / "tests").rglob("CMakeLists.txt"))
    return any(any(place.glob(name)) for place in (root, root / "tests" / "functional"))


def promises():
    """The rows of README.md that say which test shows what."""
    rows = (root / "README.md").read_text().partition("| promise | test |\n|---|---|\n")[2].partition("\n\n")[0]
    return [row.strip("|").rsplit("|", 1) for row in rows.splitlines()]


page = root / "docs" / "testing.md"
table = page.read_text().split("<!-- tests: begin -->")[1].split("<!-- tests: end -->")[0]
named = NAMED.findall(table)
errors = [f"{page.relative_to(root)}: there is no test {name}" for name in named if name not in known]
errors += [f"{page.relative_to(root)}: there is no file {name}" for name in FILE.findall(page.read_text())
           if not is_there(name)]
if not named:
    errors.append(f"{page.relative_to(root)}: names no test")
for promise, tests in promises() or [("all of them", "")]:
    words = QUOTED.findall(tests)
    errors += [f"README.md: there is no {name}" for name in words if not is_there(name)]
    if not words:
        errors.append(f"README.md: no test for the promise: {promise.strip()}")

print("\n".join(errors) or "named tests ok")
sys.exit(bool(errors))
