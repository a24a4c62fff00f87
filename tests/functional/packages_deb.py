"""Debian packages, by the real dpkg on a machine of the test's own: installed, upgraded, refused, rolled back; nothing
in between stays, whoever dies when."""
import os
import pathlib
import signal
import subprocess
import threading

import pytest

from harness import messages, native, payloads, programs

pytestmark = pytest.mark.networks  # and mounts
NAME = "lanyard-shop"
REAL = pathlib.Path(__file__).resolve().parents[2] / "build" / "debs"  # run.py


@pytest.fixture
def build(tmp_path):
    return lambda version, **options: native.deb(tmp_path, version, **options)


def start(seeder, make_node, machine, build, port):
    """A node on the machine that runs 1.0.0."""
    policy = native.service(port, start_seconds=8)
    seeder.publish(build("1.0.0"), "demo", "1.0.0", *policy)
    node = make_node(seeder, network=machine, many_peers_per_address="true")
    daemon = node.run()
    daemon.wait("attempt.committed", "1.0.0")
    assert machine.deb_version(NAME) == "1.0.0-1"
    return node, daemon, policy


def expect(machine, node, port, version):
    assert machine.deb_version(NAME) == f"{version}-1"
    assert node.installed("demo") == version
    assert payloads.answer(port) == version


def test_a_deb_is_installed_upgraded_refused_and_rolled_back(machine, seeder, make_node, build, free_port):
    node, daemon, policy = start(seeder, make_node, machine, build, free_port)
    expect(machine, node, free_port, "1.0.0")
    assert not pathlib.Path(native.PLACE).exists(), "it was installed on this machine"

    seeder.publish(build("2.0.0"), "demo", "2.0.0", *policy)
    daemon.wait("attempt.committed", "2.0.0")
    expect(machine, node, free_port, "2.0.0")

    # Its script fails when its files are in place already.
    broken = build("3.0.0", scripts={"postinst": "echo the schema is from another world >&2; exit 3"})
    seeder.publish(broken, "demo", "3.0.0", *policy)
    event = daemon.wait("attempt.rolled_back", "3.0.0")
    assert "the schema is from another world" in event.text
    daemon.wait("release.quarantined", "3.0.0")
    expect(machine, node, free_port, "2.0.0")

    # It is installed well, and does not work.
    seeder.publish(build("4.0.0", unhealthy=True), "demo", "4.0.0", *policy)
    daemon.wait("attempt.rolled_back", "4.0.0")
    expect(machine, node, free_port, "2.0.0")

    seeder.publish(build("5.0.0"), "demo", "5.0.0", *policy)
    daemon.wait("attempt.committed", "5.0.0")
    answer = node.call("rollback")
    assert answer.code == 0, answer
    expect(machine, node, free_port, "2.0.0")


def test_a_script_that_fails_before_the_files_are_changed_leaves_the_old_release(
        machine, seeder, make_node, build, free_port):
    node, daemon, policy = start(seeder, make_node, machine, build, free_port)
    seeder.publish(build("2.0.0", scripts={"preinst": "exit 4"}), "demo", "2.0.0", *policy)
    daemon.wait("attempt.rolled_back", "2.0.0")
    expect(machine, node, free_port, "1.0.0")


def test_a_first_deb_that_fails_leaves_no_trace(machine, seeder, make_node, build, free_port):
    seeder.publish(build("1.0.0", scripts={"postinst": "exit 3"}), "demo", "1.0.0", *native.service(free_port))
    node = make_node(seeder, network=machine, many_peers_per_address="true")
    node.run().wait("attempt.rolled_back", "1.0.0")
    assert machine.deb_version(NAME) is None
    assert not machine.path(native.PLACE).exists()
    assert node.installed("demo") is None


def test_a_bundle_of_debs_goes_together_or_not_at_all(machine, seeder, make_node, tmp_path, free_port):
    def bundle(version, plugin_scripts=None):
        """The application and a package without which it cannot be configured, or the other way round."""
        place = tmp_path / f"bundle-{version}"
        place.mkdir()
        parts = tmp_path / f"parts-{version}"
        native.deb(parts, version, depends=f"lanyard-extra (= {version}-1)").rename(place / "shop.deb")
        native.deb(parts, version, name="lanyard-extra", scripts=plugin_scripts).rename(place / "extra.deb")
        return place

    def both(version):
        expect(machine, node, free_port, version)
        assert machine.deb_version("lanyard-extra") == f"{version}-1"

    policy = ["--type", "debs", *native.service(free_port, start_seconds=8)]
    seeder.publish(bundle("1.0.0"), "demo", "1.0.0", *policy)
    node = make_node(seeder, network=machine, many_peers_per_address="true")
    daemon = node.run()
    daemon.wait("attempt.committed", "1.0.0")
    both("1.0.0")
    seeder.publish(bundle("2.0.0"), "demo", "2.0.0", *policy)
    daemon.wait("attempt.committed", "2.0.0")
    both("2.0.0")
    seeder.publish(bundle("3.0.0", {"postinst": "exit 3"}), "demo", "3.0.0", *policy)
    daemon.wait("attempt.rolled_back", "3.0.0")
    both("2.0.0")


def test_a_deb_that_needs_what_is_not_there_disturbs_nobody(machine, seeder, make_node, build, free_port):
    node, daemon, policy = start(seeder, make_node, machine, build, free_port)
    place = daemon.count()
    seeder.publish(build("2.0.0", depends="lanyard-missing (>= 2)"), "demo", "2.0.0", *policy)
    event = daemon.wait("attempt.failed", "2.0.0")
    assert "lanyard-missing" in event.text
    assert not [e for e in daemon.events[place:] if e.name in ("phase.drain", "phase.apply")]
    expect(machine, node, free_port, "1.0.0")


def test_dpkg_goes_on_when_the_node_is_killed_and_the_next_node_takes_up_what_it_did(
        machine, seeder, make_node, build, free_port, tmp_path):
    node, daemon, policy = start(seeder, make_node, machine, build, free_port)
    begun, go_on = tmp_path / "begun", tmp_path / "go-on"
    os.mkfifo(go_on)
    os.mkfifo(begun)
    slow = {"postinst": f"echo >{begun}; read line <{go_on}"}
    seeder.publish(build("2.0.0", scripts=slow), "demo", "2.0.0", *policy)
    begun.read_text()  # dpkg is in the middle of it
    daemon.kill()
    daemon = node.run()
    daemon.wait("attempt.resumed", "2.0.0")
    assert machine.deb_version(NAME) == "half-configured"
    go_on.write_text("now\n")
    daemon.wait("attempt.committed", "2.0.0")
    expect(machine, node, free_port, "2.0.0")


def test_a_node_that_is_told_to_stop_does_not_take_dpkg_with_it(machine, seeder, make_node, build, free_port, tmp_path):
    node, daemon, policy = start(seeder, make_node, machine, build, free_port)
    begun, go_on = tmp_path / "begun", tmp_path / "go-on"
    os.mkfifo(go_on)
    os.mkfifo(begun)
    seeder.publish(build("2.0.0", scripts={"postinst": f"echo >{begun}; read line <{go_on}"}), "demo", "2.0.0", *policy)
    begun.read_text()
    assert daemon.stop() == 0
    go_on.write_text("now\n")
    programs.wait_until(lambda: machine.deb_version(NAME) == "2.0.0-1", "dpkg ends without the node")
    daemon = node.run()
    daemon.wait("attempt.committed", "2.0.0")
    expect(machine, node, free_port, "2.0.0")


def test_a_deb_is_mended_when_dpkg_was_killed_with_the_node(machine, seeder, make_node, build, free_port, tmp_path):
    node, daemon, policy = start(seeder, make_node, machine, build, free_port)
    begun, second = tmp_path / "begun", tmp_path / "second"
    os.mkfifo(begun)
    dies = {"postinst": f"[ ! -e {second} ] || exit 0; touch {second}; echo $$ $PPID >{begun}; read line <{begun}"}
    seeder.publish(build("2.0.0", scripts=dies), "demo", "2.0.0", *policy)
    script, dpkg = map(int, begun.read_text().split())
    daemon.kill()
    os.kill(dpkg, signal.SIGKILL)
    os.kill(script, signal.SIGKILL)
    assert machine.deb_version(NAME) == "half-configured"
    daemon = node.run()
    daemon.wait("attempt.committed", "2.0.0")
    expect(machine, node, free_port, "2.0.0")


def test_a_lock_that_another_dpkg_holds_is_waited_for(machine, seeder, make_node, build, free_port, tmp_path):
    node, daemon, policy = start(seeder, make_node, machine, build, free_port)
    begun, go_on = tmp_path / "begun", tmp_path / "go-on"
    os.mkfifo(go_on)
    os.mkfifo(begun)
    other = native.deb(tmp_path, "1.0.0", name="lanyard-other", scripts={"preinst": f"echo >{begun}; read line <{go_on}"})
    installing = threading.Thread(target=machine.run, args=("dpkg", "--force-overwrite", "-i", other))
    installing.start()
    begun.read_text()
    seeder.publish(build("2.0.0"), "demo", "2.0.0", *policy)
    daemon.wait("phase.apply", "2.0.0")
    go_on.write_text("now\n")
    daemon.wait("attempt.committed", "2.0.0")
    installing.join()
    expect(machine, node, free_port, "2.0.0")


def test_a_deb_that_a_person_has_installed_is_taken_over_as_it_is(machine, seeder, make_node, build, free_port):
    package = build("1.0.0")
    machine.run("dpkg", "-i", package)
    seeder.publish(package, "demo", "1.0.0", *native.service(free_port))
    node = make_node(seeder, network=machine, many_peers_per_address="true")
    daemon = node.run()
    daemon.wait("attempt.committed", "1.0.0")
    expect(machine, node, free_port, "1.0.0")


def test_a_real_debian_package_is_installed_upgraded_and_rolled_back(machine, seeder, make_node, tmp_path):
    found = sorted(REAL.glob("hello_*.deb"))
    if not found:
        pytest.skip("Debian's hello could not be downloaded into build/debs")
    real = found[-1]
    version = subprocess.run(["dpkg-deb", "-f", real, "Version"], capture_output=True, text=True, check=True).stdout.strip()
    health = ["--health", "cmd:/usr/bin/hello | grep -q Hello", "--probation-seconds", 1]
    seeder.publish(real, "hello", "2.10.0", *health)
    node = make_node(seeder, "node", app="hello", network=machine, many_peers_per_address="true")
    daemon = node.run()
    daemon.wait("attempt.committed", "2.10.0")
    assert machine.deb_version("hello") == version
    assert machine.run("/usr/bin/hello") == "Hello, world!"

    tree = tmp_path / "hello"
    subprocess.run(["dpkg-deb", "--raw-extract", real, tree], check=True)
    control = tree / "DEBIAN" / "control"
    control.write_text(control.read_text().replace(f"Version: {version}", f"Version: {version}+lanyard1"))
    (tree / "usr" / "bin" / "hello").write_text("#!/bin/sh\necho goodbye\n")
    worse = tmp_path / "worse.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tree, worse], check=True, stdout=subprocess.DEVNULL)
    seeder.publish(worse, "hello", "2.10.1", *health, "--start-seconds", 3)
    daemon.wait("attempt.rolled_back", "2.10.1")
    assert machine.deb_version("hello") == version
    assert machine.run("/usr/bin/hello") == "Hello, world!"


def test_a_deb_is_recognised_by_its_content_and_held_back_where_there_is_no_dpkg(
        machine, seeder, make_node, build, free_port, tmp_path):
    disguised = tmp_path / "shop.zip"
    build("1.0.0").rename(disguised)
    target = seeder.publish(disguised, "demo", "1.0.0", *native.service(free_port))
    assert target.path.endswith("demo-1.0.0.deb")
    answer = seeder.call("publish", disguised, "--app", "demo", "--version", "1.0.1", "--type", "rpm")
    assert answer.code == 2 and "a Debian package" in answer.err, answer

    machine.path("/usr/bin/dpkg").unlink()
    node = make_node(seeder, network=machine, many_peers_per_address="true")
    daemon = node.run()
    offers = node.call("check", "--json").json(messages.status_pb2.CheckResult).offers
    assert "has no dpkg" in offers[0].held_back
    assert not daemon.told("phase.fetch")
