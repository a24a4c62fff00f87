#!/usr/bin/env python3
"""Fails when docs/testing.md names a test that does not exist. Run by ctest -L lint."""
import pathlib
import re
import sys

GTEST = re.compile(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", re.MULTILINE)
PYTEST = re.compile(r"^def (test_\w+)", re.MULTILINE)
NAMED = re.compile(r"`(\w+\.\w+|\w+\.py::\w+)`")

root = pathlib.Path(__file__).resolve().parent.parent
known = {f"{suite}.{name}" for source in (root / "tests").rglob("*_test.cc")
         for suite, name in GTEST.findall(source.read_text())}
known |= {f"{source.name}::{name}" for source in (root / "tests" / "functional").glob("*.py")
          for name in PYTEST.findall(source.read_text())}

page = root / "docs" / "testing.md"
table = page.read_text().split("<!-- tests: begin -->")[1].split("<!-- tests: end -->")[0]
named = NAMED.findall(table)
errors = [f"{page.relative_to(root)}: there is no test {name}" for name in named if name not in known]
if not named:
    errors.append(f"{page.relative_to(root)}: names no test")

print("\n".join(errors) or "named tests ok")
sys.exit(bool(errors))
