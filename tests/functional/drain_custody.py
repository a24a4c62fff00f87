"""The ports of an application over its update: held by the node, or closed and verified."""
import os
import signal
import socket
import subprocess
import sys

import pytest

from harness import load, payloads, programs

FAKE_SYSTEMCTL = '''#!/bin/sh
# As much of systemctl as a unit needs whose service is one program: systemctl start|stop UNIT.
unit=$(dirname "$0")/$2
case $1 in
  start) setsid sh -c '. "$1/environment"; exec sh -c "$(cat "$1/exec-start")"' sh "$unit" >>"$unit/log" 2>&1 &
         echo $! >"$unit/main-pid" ;;
  stop) test -e "$unit/main-pid" || exit 0; pid=$(cat "$unit/main-pid"); kill -TERM $pid 2>/dev/null
        while kill -0 $pid 2>/dev/null; do sleep 0.02; done; rm -f "$unit/main-pid" ;;
  *) exit 1 ;;
esac
'''
STRANGER = "import socket, time; s = socket.create_server(('0.0.0.0', {port})); print('there', flush=True); time.sleep(3600)"


@pytest.fixture
def site(seeder, make_node, tmp_path, free_port):
    """A function: a node that runs version 1 of the sample service; publish(version, *marks) brings the next one."""

    def make(*policy, marks=(), **settings):
        options = payloads.speaking_service(free_port, *policy, **settings)

        def publish(version, *more):
            place = payloads.speaking_release(tmp_path / f"payload-{version}", version, *marks, *more)
            seeder.publish(place, "demo", version, *options)

        publish("1.0.0")
        node = make_node(seeder)
        node.run().wait("attempt.committed", "1.0.0")
        return node, publish

    return make


def update_under_load(node, publish, port):
    running = load.Load(port)
    programs.wait_until(lambda: running.answered("1.0.0") > 20, "the load is on")
    publish("2.0.0")
    node.daemon.wait("attempt.committed", "2.0.0")
    programs.wait_until(lambda: running.answered("2.0.0") > 20, "the new release has the load")
    return running.stop()


@pytest.mark.parametrize("marks", [(), ("hands-sockets",)], ids=["taken_by_the_node", "handed_by_the_application"])
def test_with_kept_ports_no_request_is_lost_and_nobody_is_turned_away(site, free_port, marks):
    node, publish = site("--keep-ports", marks=marks)
    seen = update_under_load(node, publish, free_port)
    node.daemon.wait("custody.held", str(free_port))
    assert (seen.refused, seen.lost) == (0, 0), seen.__dict__
    assert set(seen.answers) == {"1.0.0", "2.0.0"}
    assert node.history()[0].ports_closed_ms == 0


def test_an_unhealthy_release_gives_the_ports_back_without_a_request_being_turned_away(site, free_port):
    node, publish = site("--keep-ports", start_seconds=4)
    running = load.Load(free_port)
    publish("2.0.0", "unhealthy")
    node.daemon.wait("attempt.rolled_back", "2.0.0")
    before = running.answered("1.0.0")
    programs.wait_until(lambda: running.answered("1.0.0") > before + 20, "the old release has the load again")
    seen = running.stop()
    assert seen.refused == 0, seen.__dict__  # what the unhealthy one answered with 500 counts as lost


def test_without_kept_ports_they_are_closed_and_seen_to_listen_again(site, free_port):
    node, publish = site()
    seen = update_under_load(node, publish, free_port)
    assert not node.daemon.told("custody.held")
    assert seen.refused > 0
    assert node.history()[0].ports_closed_ms > 0


def test_a_release_that_leaves_its_sockets_alone_is_rolled_back(site, seeder, release, free_port):
    """It says that it takes them, and binds its port itself."""
    node, _ = site("--keep-ports")
    seeder.publish(release("2.0.0"), "demo", "2.0.0", *payloads.service(free_port, start_seconds=3), "--keep-ports")
    node.daemon.wait("attempt.rolled_back", "2.0.0")
    assert payloads.answer(free_port) == "1.0.0"


def test_an_old_release_that_leaves_its_sockets_alone_runs_again_all_the_same(
        seeder, make_node, release, tmp_path, free_port):
    policy = [*payloads.service(free_port, start_seconds=3), "--keep-ports"]
    seeder.publish(release("1.0.0"), "demo", "1.0.0", *policy)
    node = make_node(seeder)
    node.run().wait("attempt.committed", "1.0.0")
    seeder.publish(release("2.0.0", unhealthy=True), "demo", "2.0.0", *policy)
    node.daemon.wait("attempt.rolled_back", "2.0.0")
    assert payloads.answer(free_port) == "1.0.0"


def test_a_node_that_is_killed_while_it_holds_the_ports_opens_them_again(site, free_port):
    """Between the stop and the start nobody else holds them."""
    held = "kill -TERM $(cat ../../app.pid); while kill -0 $(cat ../../app.pid) 2>/dev/null; do sleep 0.02; done; " \
           "rm ../../app.pid; echo x >../../stopped; while test -e ../../wait; do sleep 0.02; done"
    node, publish = site("--keep-ports", stop=f"test -e ../../app.pid || exit 0; {held}")
    (node.home("demo") / "wait").touch()
    publish("2.0.0")
    programs.wait_until((node.home("demo") / "stopped").exists, "the application is stopped")
    with socket.create_connection(("127.0.0.1", free_port), timeout=5):
        pass  # the node holds the port
    node.daemon.kill()
    (node.home("demo") / "wait").unlink()
    daemon = node.run()
    daemon.wait("attempt.committed", "2.0.0")
    assert payloads.answer(free_port) == "2.0.0"


def test_a_stranger_on_the_port_is_named_and_left_alone(seeder, make_node, tmp_path, free_port):
    place = payloads.speaking_release(tmp_path / "payload", "1.0.0")
    seeder.publish(place, "demo", "1.0.0", *payloads.speaking_service(free_port, "--keep-ports"))
    node = make_node(seeder)
    with subprocess.Popen([sys.executable, "-I", "-c", STRANGER.format(port=free_port)], stdout=subprocess.PIPE,
                          text=True) as stranger:
        assert stranger.stdout.readline() == "there\n"
        event = node.run().wait("attempt.failed", "1.0.0")
        assert f"port {free_port} is held by python3 (pid {stranger.pid})" in event.text
        assert stranger.poll() is None
        stranger.kill()


def test_a_stranger_who_takes_the_port_during_the_update_is_named_and_left_alone(site, free_port):
    take = STRANGER.format(port=free_port).replace("'", '"')
    node, publish = site(stop=payloads.STOP + f"; test -e ../../thief || exit 0; rm ../../thief; "
                         f"setsid /usr/bin/python3 -I -c '{take}' >../../stranger.log 2>&1 & "
                         "echo $! >../../stranger.pid; while ! grep -q there ../../stranger.log; do sleep 0.02; done",
                         stop_seconds=3, start_seconds=3)
    (node.home("demo") / "thief").touch()
    publish("2.0.0")
    event = node.daemon.wait("attempt.failed", "2.0.0")
    pid = int((node.home("demo") / "stranger.pid").read_text())
    assert f"(pid {pid})" in event.text
    os.kill(pid, 0)  # it lives
    os.kill(pid, signal.SIGKILL)


def test_a_unit_of_systemd_is_stopped_and_started_like_any_other(seeder, make_node, tmp_path, free_port):
    unit = tmp_path / "fake" / "demo.service"
    unit.mkdir(parents=True)
    systemctl = unit.parent / "systemctl"
    systemctl.write_text(FAKE_SYSTEMCTL)
    systemctl.chmod(0o755)
    node = make_node(seeder)
    (unit / "environment").write_text(f"export LANYARD_DIR={node.home('demo')} LANYARD_VERSION=\n")
    (unit / "exec-start").write_text(f"exec /usr/bin/python3 -I {node.home('demo')}/current/service.py {free_port}\n")
    policy = payloads.speaking_service(free_port, stop=f"{systemctl} stop demo.service")
    policy[1] = f"{systemctl} start demo.service"
    for version in ("1.0.0", "2.0.0"):
        seeder.publish(payloads.speaking_release(tmp_path / version, version), "demo", version, *policy)
        daemon = node.daemon or node.run()
        daemon.wait("attempt.committed", version)
        assert payloads.answer(free_port) == version


def test_a_plugin_is_replaced_together_with_its_host(site, free_port, tmp_path, seeder):
    node, _ = site("--keep-ports")
    assert payloads.answer(free_port, path="/plugin") == "hello"
    place = payloads.speaking_release(tmp_path / "next", "2.0.0")
    (place / "plugin" / "greeting.py").write_text("def greet():\n    return 'good evening'\n")
    seeder.publish(place, "demo", "2.0.0", *payloads.speaking_service(free_port, "--keep-ports"))
    node.daemon.wait("attempt.committed", "2.0.0")
    assert payloads.answer(free_port, path="/plugin") == "good evening"
