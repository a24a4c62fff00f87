"""Packages come whole, whatever the swarm goes through."""
import pathlib
import subprocess

import pytest

from harness import payloads, programs

SLOW = 700  # KiB/s


def flip_a_byte(path, at=None):
    data = bytearray(pathlib.Path(path).read_bytes())
    place = len(data) // 2 if at is None else at
    data[place] ^= 0x20
    # In place: the seeder has the file open.
    with open(path, "r+b") as out:
        out.seek(place)
        out.write(data[place:place + 1])


def test_nodes_that_hold_the_pieces_finish_without_the_seeder(seeder, make_node, release):
    payload = release("1.0.0", data_bytes=6_000_000)
    seeder.publish(payload, "demo", "1.0.0")
    quick = make_node(seeder, "quick")
    slow = [make_node(seeder, f"slow{i}", download_kib_per_second=SLOW) for i in range(2)]
    for node in [quick, *slow]:
        node.run()
    quick.daemon.wait("attempt.committed")
    for node in slow:
        programs.wait_until(lambda node=node: node.app("demo").attempt.bytes_done > 0, f"{node.name} has begun")
        assert not node.daemon.told("phase.stage"), "it finished too soon to show anything"
    seeder.daemon.kill()
    for node in slow:
        node.daemon.wait("attempt.committed")
        assert payloads.tree_hash(node.home("demo") / "current") == payloads.tree_hash(payload)
        sources = node.history()[0].sources
        assert any(source.bytes > 0 and not source.seeder for source in sources)
        assert node.status().queued_reports >= 1
    seeder.serve()
    for node in slow:
        node.daemon.stop()
        node.run().wait("report.sent")


def test_a_byte_that_changed_on_the_seeders_disk_reaches_no_node(seeder, make_node, release):
    payload = release("1.0.0", data_bytes=3_000_000)
    target = seeder.publish(payload, "demo", "1.0.0")
    good = make_node(seeder, "good")
    good.run().wait("attempt.committed")
    flip_a_byte(seeder.package(target))
    late = make_node(seeder, "late")
    late.run().wait("attempt.committed")
    assert payloads.tree_hash(late.home("demo") / "current") == payloads.tree_hash(payload)


def test_a_byte_that_changed_in_a_nodes_kept_package_reaches_no_other_node(seeder, make_node, release):
    payload = release("1.0.0", data_bytes=3_000_000)
    target = seeder.publish(payload, "demo", "1.0.0")
    bad = make_node(seeder, "bad")
    bad.run().wait("attempt.committed")
    flip_a_byte(bad.state / "packages" / target.sha256.hex())
    late = make_node(seeder, "late")
    late.run().wait("attempt.committed")
    assert payloads.tree_hash(late.home("demo") / "current") == payloads.tree_hash(payload)


def test_a_byte_that_changed_in_half_a_package_is_fetched_again(seeder, make_node, release):
    payload = release("1.0.0", data_bytes=4_000_000)
    seeder.publish(payload, "demo", "1.0.0")
    node = make_node(seeder, download_kib_per_second=1000)
    node.run()
    programs.wait_until(lambda: node.app("demo").attempt.bytes_done > 1_000_000, "a part has come")
    node.daemon.kill()
    parts = [path for path in (node.state / "packages").rglob("*") if path.is_file() and path.stat().st_size > 100_000]
    assert len(parts) == 1
    for at in (10, 300_000):
        flip_a_byte(parts[0], at)
    node.run().wait("attempt.committed")
    assert payloads.tree_hash(node.home("demo") / "current") == payloads.tree_hash(payload)


def test_a_package_that_nobody_has_whole_is_never_installed(seeder, make_node, release):
    target = seeder.publish(release("1.0.0", data_bytes=3_000_000), "demo", "1.0.0")
    flip_a_byte(seeder.package(target))
    node = make_node(seeder)
    daemon = node.run()
    daemon.wait("phase.fetch")
    # The seeder finds out when it is asked for the piece, and says so.
    seeder.daemon.wait("swarm.failed", "damaged")
    programs.wait_until(lambda: node.app("demo").attempt.phase == "fetch", "the node goes on waiting")
    assert not daemon.told("phase.stage")
    assert node.installed("demo") is None
    assert not (node.state / "packages" / target.sha256.hex()).exists()


@pytest.mark.networks
def test_a_full_disk_is_reported_and_leaves_no_rubbish(seeder, make_node, release, small_disk, tmp_path):
    small_disk(tmp_path / "node", "4m")
    payload = release("1.0.0", data_bytes=6_000_000)
    seeder.publish(payload, "demo", "1.0.0")
    node = make_node(seeder)
    answer = node.call("update", "--now")
    assert answer.code in (5, 8), answer
    assert "space" in answer.err.lower() or "full" in answer.err.lower(), answer
    assert node.installed("demo") is None
    big = [path for path in node.state.rglob("*") if path.is_file() and path.stat().st_size > 500_000]
    assert big == []
    small_disk(tmp_path / "node", "40m")
    answer = node.call("update", "--now")
    assert answer.code == 0, answer
    assert payloads.tree_hash(node.home("demo") / "current") == payloads.tree_hash(payload)
