#!/usr/bin/env python3
"""Fails when docs/testing.md names a test, or a file of tests, that does not exist. Run by ctest -L lint."""
import pathlib
import re
import sys

GTEST = re.compile(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", re.MULTILINE)
PYTEST = re.compile(r"^def (test_\w+)", re.MULTILINE)
NAMED = re.compile(r"`([A-Z]\w+\.[A-Z]\w+|conformance\.test_\w+|\w+\.py::\w+|fuzz_\w+)`")
FILE = re.compile(r"`(?:tests/\w+/)?(\w+\.py|\w+_test\.cc)`")

root = pathlib.Path(__file__).resolve().parent.parent
tests = root / "tests"
known = {f"{suite}.{name}" for source in tests.rglob("*_test.cc") for suite, name in GTEST.findall(source.read_text())}
known |= {f"{source.name}::{name}" for source in (tests / "functional").glob("*.py")
          for name in PYTEST.findall(source.read_text())}
known |= {"fuzz_" + source.name.removesuffix("_fuzzer.cc") for source in (tests / "fuzz").glob("*_fuzzer.cc")}
files = {source.name for source in tests.rglob("*") if source.suffix in (".py", ".cc")}

page = root / "docs" / "testing.md"
text = page.read_text()
named = NAMED.findall(text)
errors = [f"{page.relative_to(root)}: there is no test {name}" for name in named if name not in known]
errors += [f"{page.relative_to(root)}: there is no {name} in tests" for name in FILE.findall(text) if name not in files]
if not named:
    errors.append(f"{page.relative_to(root)}: names no test")

print("\n".join(errors) or "named tests ok")
sys.exit(bool(errors))
