#!/usr/bin/env python3
"""Fails when docs/testing.md names a test or a file of tests, or a promise of README.md a test, that does not exist. Run by ctest -L lint."""
import pathlib
import re
import sys

GTEST = re.compile(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", re.MULTILINE)
PYTEST = re.compile(r"^def (test_\w+)", re.MULTILINE)
NAMED = re.compile(r"`([A-Z]\w+\.[A-Z]\w+|conformance\.test_\w+|\w+\.py::\w+|fuzz_\w+)`")
QUOTED = re.compile(r"`([^`]+)`")
FILE = re.compile(r"`(?:tests/\w+/)?(\w+\.py|\w+_test\.cc)`")

root = pathlib.Path(__file__).resolve().parent.parent
tests = root / "tests"
known = {f"{suite}.{name}" for source in tests.rglob("*_test.cc") for suite, name in GTEST.findall(source.read_text())}
known |= {f"{source.name}::{name}" for source in (tests / "functional").glob("*.py")
          for name in PYTEST.findall(source.read_text())}
known |= {"fuzz_" + source.name.removesuffix("_fuzzer.cc") for source in (tests / "fuzz").glob("*_fuzzer.cc")}
files = {source.name for source in tests.rglob("*") if source.suffix in (".py", ".cc")}


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
text = page.read_text()
named = NAMED.findall(text)
errors = [f"{page.relative_to(root)}: there is no test {name}" for name in named if name not in known]
errors += [f"{page.relative_to(root)}: there is no {name} in tests" for name in FILE.findall(text) if name not in files]
if not named:
    errors.append(f"{page.relative_to(root)}: names no test")
for promise, tests in promises() or [("all of them", "")]:
    words = QUOTED.findall(tests)
    errors += [f"README.md: there is no {name}" for name in words if not is_there(name)]
    if not words:
        errors.append(f"README.md: no test for the promise: {promise.strip()}")

print("\n".join(errors) or "named tests ok")
sys.exit(bool(errors))
