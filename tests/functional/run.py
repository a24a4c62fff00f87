"""Runs the functional tests in an enclosure: `/usr/bin/python3 -I tests/functional/run.py [pytest's options]`.

LANYARD_BIN names the folder of the programs (default: build/bin)."""
import os
import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from harness import enclosure  # noqa: E402


def main(given):
    import pytest

    if not given.networks:
        print(f"no private networks: {given.reason}. Tests that need them are left out.")
    os.environ["LANYARD_NETWORKS"] = "1" if given.networks else ""
    # Not below the tree: the path of a socket may have 107 characters.
    scratch = pathlib.Path(f"/tmp/lanyard-functional-{os.getuid()}")
    code = pytest.main(["-c", str(HERE / "pytest.ini"), "-p", "no:cacheprovider", "--basetemp", str(scratch),
                        *sys.argv[1:], *([] if any(".py" in option for option in sys.argv[1:])
                                         else [str(HERE)])])
    if code == 0:
        shutil.rmtree(scratch, ignore_errors=True)
    return int(code)


sys.exit(enclosure.run_enclosed(main))
