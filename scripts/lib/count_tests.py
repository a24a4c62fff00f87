"""Adds up JUnit files: says which tests failed or were left out and why; the last line is "N passed, N failed".

count_tests.py FOLDER [ROUND ...]: ROUNDs ended badly; one without a failed test in its file counts as one failure."""
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def cases(folder):
    for file in sorted(folder.glob("*.xml")):
        for case in ElementTree.parse(file).getroot().iter("testcase"):
            yield file.stem, case


def main(folder, bad_rounds):
    passed, failed, skipped = 0, [], []
    for round_name, case in cases(pathlib.Path(folder)):
        name = f"{round_name}: {case.get('name')}"
        if case.find("skipped") is not None:
            skipped.append(f"{name}: {case.find('skipped').get('message')}")
        elif case.find("failure") is not None or case.find("error") is not None:
            failed.append(name)
        elif case.get("status") in (None, "run"):
            passed += 1
        else:
            failed.append(f"{name} ({case.get('status')})")
    for round_name in bad_rounds:
        if not any(name.startswith(round_name) for name in failed):
            failed.append(f"{round_name}: ended badly without naming a test, see its output")
    if not passed and not failed:
        failed.append("no test was run")
    for title, names in (("left out", skipped), ("failed", failed)):
        for name in names:
            print(f"{title}: {name}")
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed else 0


sys.exit(main(sys.argv[1], sys.argv[2:]))
