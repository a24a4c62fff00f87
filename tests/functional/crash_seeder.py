"""A seeder dies: what nodes see is the old manifest or the new one, and work goes on."""
import subprocess
import time

import pytest

from harness import payloads, programs

POINTS = 12


def publish_command(seeder, path, version):
    return [str(programs.BIN / "lanyard-seeder"), "publish", str(path), "--app", "demo", "--version", version, "--state",
            str(seeder.state)]


def killed_after(command, seconds):
    """Whether the command was still at work after that time; it was killed then."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(timeout=seconds)
        return False
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True


def test_publish_killed_at_many_moments_leaves_a_manifest_that_verifies(make_seeder, make_node, release):
    seeder = make_seeder()
    began = time.monotonic()
    seeder.publish(release("1.0.0", data_bytes=4_000_000), "demo", "1.0.0")
    whole = time.monotonic() - began
    seeder.serve()
    node = make_node(seeder)
    live = {"1.0.0"}
    killed = 0
    for point in range(POINTS):
        version = f"1.{point + 1}.0"
        payload = release(version, data_bytes=4_000_000)
        killed += killed_after(publish_command(seeder, payload, version), whole * (point + 0.5) / POINTS)
        check = node.call("check")
        assert check.code == 0, f"after a kill at {point}/{POINTS}: {check}"
        again = seeder.call("publish", payload, "--app", "demo", "--version", version)
        assert again.code in (0, 4), again  # 4: it was published before the kill
        live.add(version)
    assert killed > 0
    listed = seeder.call("release", "list", "--json").json(programs.messages.status_pb2.ReleaseList)
    assert {info.version for info in listed.releases} == live
    node.run().wait("attempt.committed", f"1.{POINTS}.0")
    files = {path.name.partition(".")[0] for path in (seeder.state / "public" / "packages").iterdir()}
    assert files == {info.target.sha256.hex() for info in listed.releases}, "rubbish is left"


@pytest.mark.parametrize("times", [3])
def test_a_serving_seeder_that_is_killed_serves_the_same_again(times, seeder, make_node, release):
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    before = seeder.status()
    for _ in range(times):
        seeder.daemon.kill()
        seeder.serve()
    after = seeder.status()
    assert (after.root_digest, after.repo_id) == (before.root_digest, before.repo_id)
    assert after.revision >= before.revision
    node = make_node(seeder)
    node.run().wait("attempt.committed", "1.0.0")


def test_a_node_outlives_its_seeder_and_hears_of_the_next_release(seeder, make_node, release, free_port):
    policy = payloads.service(free_port)
    seeder.publish(release("1.0.0"), "demo", "1.0.0", *policy)
    node = make_node(seeder, poll_seconds=1)
    daemon = node.run()
    daemon.wait("attempt.committed", "1.0.0")
    seeder.daemon.kill()
    daemon.wait("check.failed")
    assert payloads.answer(free_port) == "1.0.0"
    seeder.serve()
    seeder.publish(release("2.0.0"), "demo", "2.0.0", *policy)
    daemon.wait("attempt.committed", "2.0.0")
