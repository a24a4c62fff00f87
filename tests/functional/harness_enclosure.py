"""The harness itself: what it promises to the tests, the demo and the bench."""
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from harness import office, payloads, programs

CHILD = """
import sys; sys.path.insert(0, {folder!r})
from harness import enclosure
import subprocess, time
def body(given):
    subprocess.run("setsid sleep 1234.{number} & setsid sleep 1235.{number} &", shell=True)
    print("started", flush=True)
    time.sleep(1000)
sys.exit(enclosure.run_enclosed(body))
"""


def left_over(number):
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if f".{number}".encode() in entry.read_bytes() and b"sleep" in entry.read_bytes().split(b"\0")[0]:
                found.append(entry.parent.name)
        except OSError:
            continue
    return found


@pytest.mark.networks
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_that_was_started_in_an_enclosure_outlives_it(how):
    folder = str(pathlib.Path(__file__).parent)
    number = 1000 + how
    process = subprocess.Popen([sys.executable, "-I", "-c", CHILD.format(folder=folder, number=number)],
                               stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "started\n"
    programs.wait_until(lambda: len(left_over(number)) == 2, "both have started", 10)
    process.send_signal(how)
    process.wait()
    programs.wait_until(lambda: not left_over(number), "detached processes end with their enclosure", 10)


@pytest.mark.networks
def test_the_line_between_sites_is_as_thin_as_it_is_said_to_be_in_both_directions(tmp_path):
    size = 1_000_000
    payloads.blob(tmp_path / "file", size)
    small = office.Office([1], wan_rate="20mbit")
    server, client = small.seeder, small.nodes[0]
    for near, far, counter in ((server, client, small.lines["site1"].to_far),
                               (client, server, small.lines["site1"].to_near)):
        counted = counter()
        daemon = programs.Daemon([sys.executable, "-I", "-m", "http.server", "--directory", tmp_path, "80"], near)
        programs.wait_until(lambda: fetched(far, near, tmp_path), "the web server answers")
        began = time.monotonic()
        far.run("curl", "-sf", "-o", str(tmp_path / "copy"), f"http://{near.address}/file")
        rate = size * 8 / (time.monotonic() - began)
        daemon.kill()
        assert 8e6 < rate < 21e6
        assert size <= counter() - counted < 1.2 * size
    assert (tmp_path / "copy").read_bytes() == (tmp_path / "file").read_bytes()


def fetched(client, server, folder):
    return subprocess.run(["curl", "-sf", "-o", "/dev/null", f"http://{server.address}/"],
                          preexec_fn=client.enter).returncode == 0


def test_a_tree_hash_tells_a_changed_byte_a_lost_right_to_execute_and_a_link_apart(tmp_path):
    one = payloads.directory(tmp_path / "one", "1.0.0", data_bytes=100)
    seen = {payloads.tree_hash(one)}
    (one / "VERSION").write_text("1.0.1\n")
    seen.add(payloads.tree_hash(one))
    (one / "share" / "tool.sh").chmod(0o644)
    seen.add(payloads.tree_hash(one))
    (one / "tool").unlink()
    (one / "tool").symlink_to("VERSION")
    seen.add(payloads.tree_hash(one))
    (one / "share" / "new").mkdir()
    seen.add(payloads.tree_hash(one))
    assert len(seen) == 5
