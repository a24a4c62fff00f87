"""Runs CTest's tests with one process for each test program instead of one for each case: a program with sanitizers
takes longer to start than most cases take.

run_tests.py PRESET LABELS JUNIT_FILE [PATTERN]: the tests of `ctest --preset PRESET -L LABELS [-R PATTERN]`, some side by
side; a program's output is shown when one of its cases fails. The exit code is 1 then, and 2 when the tests cannot be
listed."""
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree

FILTER = "--gtest_filter="
FEW = 12  # cases that wait for sockets and swarms, and so had better wait side by side
DULL = re.compile(r"^\[ RUN      \] (\S+)\n\[       OK \] \1 .*\n|^Note: Google Test filter = .*\n", re.MULTILINE)


def listed(preset, labels, pattern):
    command = ["ctest", "--preset", preset, "-L", labels, "--show-only=json-v1"] + (["-R", pattern] if pattern else [])
    ctest = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if ctest.returncode:
        sys.exit(2)
    return json.loads(ctest.stdout)["tests"]


def properties(test):
    return {each["name"]: each["value"] for each in test["properties"]}


def how_early(item):
    _, members = item
    return "integration" not in properties(members[0][1])["LABELS"], -len(members)


def programs(tests):
    """(command, properties, names of its cases) of each process to start, the ones that take longest first: those that
    wait for sockets and swarms, then those with most cases."""
    cases, single = collections.defaultdict(list), []
    for test in tests:
        options = [option for option in test["command"] if option.startswith(FILTER)]
        if options:
            cases[test["command"][0]].append((options[0].removeprefix(FILTER), test))
        else:
            single.append((test["command"], properties(test), [test["name"]]))
    for program, members in sorted(cases.items(), key=how_early):
        limits = properties(members[0][1])
        size = FEW if "integration" in limits["LABELS"] else len(members)
        for begin in range(0, len(members), size):
            names = [name for name, _ in members[begin:begin + size]]
            # A case that hangs is caught by its own limit and what the others may take.
            limit = limits.get("TIMEOUT", 600) + 2 * len(names)
            yield [program, FILTER + ":".join(names), "--gtest_also_run_disabled_tests"], {**limits, "TIMEOUT": limit}, names
    yield from single


def run(command, limits, names, folder):
    """The cases as JUnit elements, and what is worth showing."""
    report = pathlib.Path(folder, f"{os.urandom(8).hex()}.xml")
    options = [f"--gtest_output=xml:{report}"] if any(part.startswith(FILTER) for part in command) else []
    started = time.monotonic()
    try:
        process = subprocess.run(command + options, cwd=limits.get("WORKING_DIRECTORY"), timeout=limits.get("TIMEOUT"),
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output, ending = process.stdout, f"ended with {process.returncode}" if process.returncode else ""
    except subprocess.TimeoutExpired as late:
        output, ending = late.stdout or b"", f"ran for more than {limits['TIMEOUT']:.0f} s"
    found = {}
    if report.exists():
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            case.set("name", f"{case.get('classname')}.{case.get('name')}")
            found[case.get("name")] = case
    elif not options:
        found[names[0]] = ElementTree.Element("testcase", name=names[0], time=f"{time.monotonic() - started:.3f}")
    good = True
    for name in names:
        case = found.setdefault(name, ElementTree.Element("testcase", name=name))
        unheard = options and not case.get("result")
        if unheard or (ending and not options):
            ElementTree.SubElement(case, "failure", message=ending or "did not run")
        good = good and case.find("failure") is None
    if ending and good:
        # Every case is content, and the program is not: a leak, say, which is looked for at its end.
        case = found[pathlib.Path(command[0]).name] = ElementTree.Element("testcase", name=pathlib.Path(command[0]).name)
        ElementTree.SubElement(case, "failure", message=ending)
        good = False
    text = "" if good else DULL.sub("", output.decode(errors="replace")) + f"{' '.join(command[:1])} {ending}\n"
    return list(found.values()), text


def main(preset, labels, junit, pattern=""):
    suite = ElementTree.Element("testsuite", name=labels)
    good = True
    # Two for each processor: half of them wait.
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2 * os.cpu_count()) as pool:
        todo = [pool.submit(run, *program, folder) for program in programs(listed(preset, labels, pattern))]
        for done in concurrent.futures.as_completed(todo):
            cases, text = done.result()
            suite.extend(cases)
            good = good and not text
            print(text, end="", flush=True)
    ElementTree.ElementTree(suite).write(junit, encoding="unicode")
    print(f"{len(suite)} tests", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
