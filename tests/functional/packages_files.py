"""Single programs, and plugins of a host that goes on running."""
import os
import pathlib
import signal
import subprocess
import sys

import pytest

from harness import enclosure, payloads, programs, states

HOST = pathlib.Path(__file__).resolve().parent / "sample_app" / "host.py"

# What an AppImage is to a node: one executable file that carries the whole application.
PROGRAM = """#!/usr/bin/python3 -I
import http.server, signal, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response({status})
        self.end_headers()
        self.wfile.write(b"{version}\\n")
    def log_message(self, *_):
        pass
class Server(http.server.ThreadingHTTPServer):
    allow_reuse_address = True
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.fixture
def program(tmp_path):
    def make(version, status=200):
        file = tmp_path / f"Demo-{version}.AppImage"
        file.write_text(PROGRAM.format(version=version, status=status))
        return file

    return make


def test_a_single_program_is_installed_upgraded_and_rolled_back(seeder, make_node, program, free_port):
    policy = [str(option).replace("/usr/bin/python3 -I app.py", "./demo")
              for option in payloads.service(free_port, start_seconds=4)]
    seeder.publish(program("1.0.0"), "demo", "1.0.0", *policy)
    node = make_node(seeder)
    daemon = node.run()
    daemon.wait("attempt.committed", "1.0.0")
    installed = node.home("demo") / "current" / "demo"
    assert installed.stat().st_mode & 0o777 == 0o755
    assert payloads.answer(free_port) == "1.0.0"

    seeder.publish(program("2.0.0"), "demo", "2.0.0", *policy)
    daemon.wait("attempt.committed", "2.0.0")
    assert payloads.answer(free_port) == "2.0.0"

    seeder.publish(program("3.0.0", status=500), "demo", "3.0.0", *policy)
    daemon.wait("attempt.rolled_back", "3.0.0")
    assert payloads.answer(free_port) == "2.0.0"
    answer = node.call("rollback")
    assert answer.code == 0, answer
    assert node.installed("demo") == "1.0.0"
    assert payloads.answer(free_port) == "1.0.0"


def test_a_program_for_another_machine_is_not_published(seeder, tmp_path):
    program = tmp_path / "tool"
    head = bytearray(pathlib.Path("/bin/true").read_bytes()[:64])
    head[18:20] = (183).to_bytes(2, "little")  # arm64
    program.write_bytes(head)
    answer = seeder.call("publish", program, "--app", "tool", "--version", "1.0.0", "--platform", "linux/amd64")
    states.refused(answer, 2)
    assert "linux/arm64" in answer.err
    answer = seeder.call("publish", program, "--app", "tool", "--version", "1.0.0", "--platform", "linux/arm64")
    assert answer.code == 0, answer


@pytest.fixture
def plugin(tmp_path):
    """A directory with a shared library that greets with its version, or lacks its one function."""

    def make(version, function="greeting"):
        place = tmp_path / f"plugin-{version}"
        (place / "lib").mkdir(parents=True)
        source = place / "greeting.c"
        source.write_text(f'char const* {function}(void) {{ return "{version}"; }}\n')
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", place / "lib" / "libgreeting.so", source], check=True)
        source.unlink()
        return place

    return make


@pytest.fixture
def host(tmp_path, free_port):
    """Runs for the whole test; nobody but the test starts or stops it."""
    process = subprocess.Popen([sys.executable, "-I", HOST, str(free_port), tmp_path / "node" / "apps" / "demo"],
                               preexec_fn=enclosure.die_with_parent)
    programs.wait_until(lambda: payloads.answer(free_port), "the host answers")
    yield process
    process.kill()
    process.wait()


def told(host, port):
    """publish's options for a plugin whose host is told by a signal."""
    right = f'test "$(curl -s http://127.0.0.1:{port}/)" = "$LANYARD_VERSION by {host.pid}"'
    return ["--type", "plugin", "--start", f"kill -HUP {host.pid}", "--port", port, "--health", f"cmd:{right}",
            "--start-seconds", 4, "--probation-seconds", 1]


def test_a_plugin_is_exchanged_beneath_a_host_that_goes_on_running(seeder, make_node, plugin, host, free_port):
    policy = told(host, free_port)
    seeder.publish(plugin("1.0.0"), "demo", "1.0.0", *policy)
    node = make_node(seeder)
    daemon = node.run()
    daemon.wait("attempt.committed", "1.0.0")
    old = node.home("demo") / "versions" / "1.0.0" / "lib" / "libgreeting.so"
    before = (old.stat().st_ino, old.read_bytes())

    seeder.publish(plugin("2.0.0"), "demo", "2.0.0", *policy)
    daemon.wait("attempt.committed", "2.0.0")
    assert payloads.answer(free_port) == f"2.0.0 by {host.pid}"
    assert (old.stat().st_ino, old.read_bytes()) == before, "what is loaded is never overwritten"
    assert node.history()[0].ports_closed_ms == 0

    # Loaded, and found wanting: the host is told to go back.
    seeder.publish(plugin("3.0.0", function="farewell"), "demo", "3.0.0", *policy)
    daemon.wait("attempt.rolled_back", "3.0.0")
    assert payloads.answer(free_port) == f"2.0.0 by {host.pid}"
    assert host.poll() is None
    answer = node.call("rollback")
    assert answer.code == 0, answer
    assert payloads.answer(free_port) == f"1.0.0 by {host.pid}"


def test_a_plugin_with_a_stop_command_restarts_its_host(seeder, make_node, plugin, tmp_path, free_port):
    home = tmp_path / "node" / "apps" / "demo"
    start = payloads.START.replace("app.py", str(HOST)).format(port=f"{free_port} {home}")
    policy = ["--type", "plugin", "--start", start, "--stop", payloads.STOP, "--port", free_port, "--health",
              f'cmd:curl -s http://127.0.0.1:{free_port}/ | grep -q "^$LANYARD_VERSION by"', "--start-seconds", 20,
              "--probation-seconds", 1]
    seeder.publish(plugin("1.0.0"), "demo", "1.0.0", *policy)
    node = make_node(seeder)
    daemon = node.run()
    daemon.wait("attempt.committed", "1.0.0")
    first = (home / "app.pid").read_text()
    seeder.publish(plugin("2.0.0"), "demo", "2.0.0", *policy)
    daemon.wait("attempt.committed", "2.0.0")
    assert (home / "app.pid").read_text() != first
    os.kill(int((home / "app.pid").read_text()), signal.SIGTERM)


def test_a_plugin_holds_a_shared_library(seeder, release):
    answer = seeder.call("publish", release("1.0.0"), "--app", "demo", "--version", "1.0.0", "--type", "plugin")
    states.refused(answer, 2)
    assert "no shared library" in answer.err
