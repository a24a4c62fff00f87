"""What a node keeps: no more than it needs, and not for ever lost when its database is."""
import os
import shutil

import pytest

from harness import payloads, programs


def test_only_the_packages_and_releases_of_now_and_before_are_kept(seeder, make_node, release):
    targets = {}
    node = make_node(seeder)
    daemon = node.run()
    for version in ("1.0.0", "2.0.0", "3.0.0"):
        targets[version] = seeder.publish(release(version), "demo", version)
        daemon.wait("attempt.committed", version)
    kept = {targets[version].sha256.hex() for version in ("2.0.0", "3.0.0")}
    packages = node.state / "packages"
    home = node.home("demo")

    def names():
        return {path.name.partition(".")[0] for path in packages.iterdir()}

    programs.wait_until(lambda: names() == kept, "what nobody wants is deleted")
    daemon.stop()
    for name in ("a" * 64, "b" * 64 + ".part", "b" * 64 + ".torrent"):
        (packages / name).write_bytes(b"an offer of last year")
    for left in ("versions/0.9.0", "staging/" + "c" * 64):
        (home / left).mkdir(parents=True)
        (home / left / "file").write_bytes(b"a release of last year")
    daemon = node.run()
    daemon.wait("fetch.swept", "a" * 64)
    daemon.wait("fetch.swept", "b" * 64)
    assert names() == kept
    programs.wait_until(lambda: list((home / "staging").iterdir()) == [], "the staging is empty")
    assert {path.name for path in (home / "versions").iterdir()} == {"2.0.0", "3.0.0"}
    assert payloads.tree_hash(home / "current") == payloads.tree_hash(release_of(node, "3.0.0"))


def release_of(node, version):
    return node.state.parent / f"payload-{version}"


def delete(file):
    file.unlink()


def zero(file):
    with open(file, "r+b") as out:
        out.write(b"\0" * file.stat().st_size)


def empty(file):
    os.truncate(file, 0)


def cut(file):
    os.truncate(file, file.stat().st_size // 2 + 100)


def flip_bytes(file):
    """All over the file, but not in its first page: it looks like one of ours."""
    data = bytearray(file.read_bytes())
    for place in range(4096 + 50, len(data), 97):
        data[place] ^= 0x55
    file.write_bytes(data)


@pytest.mark.parametrize("lose", [delete, zero, empty, cut, flip_bytes])
def test_a_node_whose_database_is_lost_goes_on_from_what_is_installed(lose, seeder, make_node, release, free_port):
    policy = payloads.service(free_port)
    node = make_node(seeder)
    daemon = node.run()
    for version in ("1.0.0", "2.0.0"):
        seeder.publish(release(version), "demo", version, *policy)
        daemon.wait("attempt.committed", version)
    daemon.stop()
    database = node.state / "node.db"
    assert not (node.state / "node.db-wal").exists()
    lose(database)
    before = database.read_bytes() if database.exists() and database.stat().st_size else None
    daemon = node.run()
    daemon.wait("state.rebuilt", "2.0.0 is installed")
    daemon.wait("state.rebuilt", "root")
    aside = node.state / "node.db.damaged-1"
    assert (aside.read_bytes() if aside.exists() else None) == before
    assert node.app("demo").version == "2.0.0"
    assert node.app("demo").previous_version == "1.0.0"
    assert payloads.answer(free_port) == "2.0.0"
    seeder.publish(release("3.0.0"), "demo", "3.0.0", *policy)
    daemon.wait("attempt.committed", "3.0.0")
    assert payloads.answer(free_port) == "3.0.0"


def test_a_lost_database_brings_no_older_release_back(seeder, make_node, release, free_port):
    policy = payloads.service(free_port)
    seeder.publish(release("1.0.0"), "demo", "1.0.0", *policy)
    node = make_node(seeder)
    daemon = node.run()
    daemon.wait("attempt.committed", "1.0.0")
    seeder.publish(release("2.0.0"), "demo", "2.0.0", *policy)
    daemon.wait("attempt.committed", "2.0.0")
    daemon.stop()
    assert seeder.call("release", "withdraw", "demo", "2.0.0").code == 0
    (node.state / "node.db").unlink()
    node.run().wait("state.rebuilt", "root")
    offers = node.call("check", "--json").json(programs.messages.status_pb2.CheckResult).offers
    assert all(offer.held_back for offer in offers)
    assert node.installed("demo") == "2.0.0"


def test_an_application_of_which_nothing_is_known_any_more_is_left_alone(seeder, make_node, release, free_port):
    policy = payloads.service(free_port)
    seeder.publish(release("1.0.0"), "demo", "1.0.0", *policy)
    node = make_node(seeder)
    node.run().wait("attempt.committed", "1.0.0")
    node.daemon.stop()
    (node.state / "node.db").unlink()
    shutil.rmtree(node.state / "installed")
    seeder.publish(release("2.0.0"), "demo", "2.0.0", *policy)
    daemon = node.run()
    daemon.wait("state.unknown_release", "1.0.0")
    daemon.wait("state.rebuilt", "root")
    assert node.call("check").code == 0
    assert not [event for event in daemon.events if event.name.startswith("phase.")]
    assert node.installed("demo") == "1.0.0"
    assert payloads.answer(free_port) == "1.0.0"


def test_a_lost_database_is_rebuilt_when_the_seeder_is_back(seeder, make_node, release):
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    node = make_node(seeder)
    node.run().wait("attempt.committed", "1.0.0")
    node.daemon.stop()
    (node.state / "node.db").unlink()
    seeder.daemon.stop()
    daemon = node.run()
    daemon.wait("check.failed")
    seeder.serve()
    daemon.wait("state.rebuilt", "root")
    seeder.publish(release("2.0.0"), "demo", "2.0.0")
    daemon.wait("attempt.committed", "2.0.0")


def test_applications_of_the_same_bytes_share_one_fetch_and_the_package_stays_while_one_wants_it(
        seeder, make_node, tmp_path):
    same = payloads.blob(tmp_path / "tool", 4_000_000)
    names = ("one", "two", "three")
    for name in names:
        target = seeder.publish(same, name, "1.0.0", "--type", "file")
    node = make_node(seeder, "node", *(word for name in names for word in ("--app", name)), app=None)
    daemon = node.run()
    for name in names:
        daemon.wait("attempt.committed", f"{name} 1.0.0")
    assert not daemon.told("fetch.digest_mismatch")
    received = [sum(source.bytes for source in report.sources) for report in node.history()]
    assert sorted(received)[:2] == [0, 0] and max(received) < 1.5 * 4_000_000, received

    package = node.state / "packages" / target.sha256.hex()
    for number in (2, 3):
        other = seeder.publish(payloads.blob(tmp_path / f"tool-{number}", 100_000 + number), "one", f"{number}.0.0", "--type",
                               "file")
        daemon.wait("attempt.committed", f"one {number}.0.0")
    assert package.exists(), "two and three still run it"
    for number in (2, 3):
        for name in ("two", "three"):
            seeder.publish(tmp_path / f"tool-{number}", name, f"{number}.0.0", "--type", "file")
            daemon.wait("attempt.committed", f"{name} {number}.0.0")
    programs.wait_until(lambda: not package.exists(), "nobody wants it any more")
    assert (node.state / "packages" / other.sha256.hex()).exists()
