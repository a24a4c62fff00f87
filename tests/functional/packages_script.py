"""Scripts as packages: confined to the directory of their application."""
import pytest

from harness import payloads, programs  # noqa: F401

pytestmark = pytest.mark.networks  # and mounts

GOOD = """#!/bin/sh
set -e
head -c 1 /dev/urandom >/dev/null
case $1 in
install) echo {version} >"$LANYARD_DIR/answer" ;;
remove) rm -f "$LANYARD_DIR/answer" ;;
esac
"""


@pytest.fixture
def script(tmp_path):
    def make(version, text=GOOD):
        file = tmp_path / f"script-{version}"
        file.write_text(text.format(version=version, outside=tmp_path))
        return file

    return make


HEALTH = ["--type", "script", "--health", 'cmd:test "$(cat $LANYARD_DIR/answer)" = "$LANYARD_VERSION"', "--start-seconds", 2,
          "--probation-seconds", 1]


def test_a_script_is_run_upgraded_refused_and_rolled_back(seeder, make_node, script):
    seeder.publish(script("1.0.0"), "demo", "1.0.0", *HEALTH)
    node = make_node(seeder)
    daemon = node.run()
    daemon.wait("attempt.committed", "1.0.0")
    answer = node.home("demo") / "answer"
    assert answer.read_text() == "1.0.0\n"

    seeder.publish(script("2.0.0"), "demo", "2.0.0", *HEALTH)
    daemon.wait("attempt.committed", "2.0.0")
    assert answer.read_text() == "2.0.0\n"

    broken = GOOD + '\n[ "$1" != install ] || {{ echo nothing fits >&2; exit 5; }}\n'
    seeder.publish(script("3.0.0", broken), "demo", "3.0.0", *HEALTH)
    assert "nothing fits" in daemon.wait("attempt.rolled_back", "3.0.0").text
    assert answer.read_text() == "2.0.0\n"

    seeder.publish(script("4.0.0", GOOD.replace("{version}", "wrong")), "demo", "4.0.0", *HEALTH)
    daemon.wait("attempt.rolled_back", "4.0.0")
    assert answer.read_text() == "2.0.0\n"
    assert node.installed("demo") == "2.0.0"


@pytest.mark.parametrize("deed", [
    "echo evil >{outside}/victim",
    "rm {outside}/victim",
    "chmod 777 {outside}/victim",
    "mount -t tmpfs none /mnt",
    "mount -o remount,rw /",
    "kill -0 $(cat {outside}/pid)",
    "/usr/bin/python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {port}), 3)'",
    "test -n \"$(ls /run)\"",
    "unshare --mount true",
    "echo 1 >/proc/sys/kernel/printk",
    "ls /dev | grep -vxE 'null|zero|full|random|urandom|fd|stdin|stdout|stderr'",
    "/usr/bin/python3 -c 'import socket; socket.socket(socket.AF_UNIX)'",
    '"$LANYARD_NODE" hold demo --state {outside}/node',
    'cp /usr/bin/id "$LANYARD_DIR/id" && chmod 4755 "$LANYARD_DIR/id"',
    'mkdir -m 2755 "$LANYARD_DIR/group" && test -g "$LANYARD_DIR/group"',
    'mv "$LANYARD_DIR/versions" "$LANYARD_DIR/elsewhere"',
    'rm -rf "$LANYARD_DIR/versions"/*',
    'echo "echo evil" >>"$0"',
])
def test_a_script_can_do_nothing_outside_its_directory(seeder, make_node, script, tmp_path, deed):
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    before = victim.stat().st_mode
    # Whether it could is told where the script may write.
    port = seeder.port
    text = ('#!/bin/sh\n[ "$1" = install ] || exit 0\nif ' + deed.replace("{port}", str(port)).replace("127.0.0.1", seeder.address)
            + '; then echo done; else echo prevented; fi >"$LANYARD_DIR/answer" 2>/dev/null\n')
    text = text.replace("{outside}", str(tmp_path))
    file = script("1.0.0", text.replace("{", "{{").replace("}", "}}"))
    seeder.publish(file, "demo", "1.0.0", "--type", "script")
    node = make_node(seeder)
    daemon = node.run()
    (tmp_path / "pid").write_text(str(daemon.process.pid))
    daemon.wait("attempt.committed", "1.0.0")
    assert (node.home("demo") / "answer").read_text() == "prevented\n"
    assert victim.read_text() == "untouched" and victim.stat().st_mode == before
    assert daemon.running()
