"""Runs the functional tests in an enclosure: `/usr/bin/python3 -I tests/functional/run.py [--shards N] [pytest's options]`.

With --shards, N enclosures share the tests, side by side: most of their time they wait. A file given by --junitxml is
then one for each (`name-1.xml`). LANYARD_BIN names the folder of the programs (default: build/bin)."""
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from harness import enclosure  # noqa: E402

# Not below the tree: the path of a socket may have 107 characters.
SCRATCH = pathlib.Path(f"/tmp/lanyard-functional-{os.getpid()}")
NOTHING_CHOSEN = 5  # pytest's exit code


def remove_old_scratch():
    """What a failed run kept for inspection, or a killed one left."""
    for old in SCRATCH.parent.glob("lanyard-functional-*"):
        if not pathlib.Path("/proc", old.name.rpartition("-")[2]).exists():
            shutil.rmtree(old, ignore_errors=True)


def fetch_real_package():
    """Debian's hello, which packages_deb.py installs: an enclosure has no network."""
    place = HERE.parents[1] / "build" / "debs"
    place.mkdir(parents=True, exist_ok=True)
    if not any(place.glob("hello_*.deb")) and shutil.which("apt-get"):
        subprocess.run(["apt-get", "download", "-q", "-o", "APT::Sandbox::User=root", "hello"], cwd=place,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main(given):
    import pytest

    if not given.networks:
        print(f"no private networks: {given.reason}. Tests that need them are left out.")
    os.environ["LANYARD_NETWORKS"] = "1" if given.networks else ""
    options = sys.argv[1:]
    if not any(".py" in option for option in options):
        options.append(str(HERE))
    code = pytest.main(["-c", str(HERE / "pytest.ini"), "-p", "no:cacheprovider", "--basetemp", str(SCRATCH), *options])
    if code in (0, NOTHING_CHOSEN):
        shutil.rmtree(SCRATCH, ignore_errors=True)
    elif SCRATCH.exists():
        print(f"state and logs of the tests are in {SCRATCH} until the next run")
    return int(code)


def in_shards(count):
    """Exit code: the worst of all; nothing chosen in one of them is no fault."""
    options = ["-q", "-o", "console_output_style=classic", *sys.argv[1:]]
    shards = []
    SCRATCH.mkdir()  # where each says which files it takes; if this is killed, the next run removes it
    try:
        for number in range(1, count + 1):
            own = [named_for(option, number) for option in options]
            shards.append(subprocess.Popen([sys.executable, "-I", "-B", __file__, *own],
                                           env={**os.environ, "LANYARD_SHARD": str(number), "LANYARD_CLAIMS": str(SCRATCH)}))
        codes = [shard.wait() for shard in shards]
    finally:
        for shard in shards:
            shard.terminate()
        shutil.rmtree(SCRATCH, ignore_errors=True)
    chosen = [code for code in codes if code != NOTHING_CHOSEN]
    return max(chosen, key=abs) if chosen else NOTHING_CHOSEN


def named_for(option, number):
    return f"{option.removesuffix('.xml')}-{number}.xml" if option.endswith(".xml") else option


remove_old_scratch()
if "LANYARD_SHARD" not in os.environ:
    fetch_real_package()
if "--shards" in sys.argv:
    place = sys.argv.index("--shards")
    shards = int(sys.argv[place + 1])
    del sys.argv[place:place + 2]
    sys.exit(in_shards(shards))
sys.exit(enclosure.run_enclosed(main))
