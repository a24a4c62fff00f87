"""Runs the functional tests in an enclosure: `/usr/bin/python3 -I tests/functional/run.py [pytest's options]`.

LANYARD_BIN names the folder of the programs (default: build/bin)."""
import os
import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from harness import enclosure  # noqa: E402


# Not below the tree: the path of a socket may have 107 characters.
SCRATCH = pathlib.Path(f"/tmp/lanyard-functional-{os.getpid()}")


def remove_old_scratch():
    """What a failed run kept for inspection, or a killed one left."""
    for old in SCRATCH.parent.glob("lanyard-functional-*"):
        if not pathlib.Path("/proc", old.name.rpartition("-")[2]).exists():
            shutil.rmtree(old, ignore_errors=True)


def main(given):
    import pytest

    if not given.networks:
        print(f"no private networks: {given.reason}. Tests that need them are left out.")
    os.environ["LANYARD_NETWORKS"] = "1" if given.networks else ""
    options = sys.argv[1:]
    if not any(".py" in option for option in options):
        options.append(str(HERE))
    code = pytest.main(["-c", str(HERE / "pytest.ini"), "-p", "no:cacheprovider", "--basetemp", str(SCRATCH), *options])
    if code == 0:
        shutil.rmtree(SCRATCH, ignore_errors=True)
    elif SCRATCH.exists():
        print(f"state and logs of the tests are in {SCRATCH} until the next run")
    return int(code)


remove_old_scratch()
sys.exit(enclosure.run_enclosed(main))
