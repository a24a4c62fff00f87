"""`lanyard-node verify` and `lanyard-seeder release verify` say step by step what is believed, and why not."""
import time

import pytest

from evil.gate import Attack
from foreign_tuf import forge
from harness import messages


def steps(answer):
    """(place, what) -> (verdict, why); the exit code must say the same."""
    read = messages.from_json(answer.out, messages.status_pb2.Verification)
    refused = [step for step in read.steps if step.verdict == "refused"]
    assert {step.verdict for step in read.steps} <= {"ok", "refused", "unknown"}
    assert (answer.code, read.holds) == ((7, False) if refused else (0, True)), answer
    return {(step.place, step.what): (step.verdict, step.why) for step in read.steps}


@pytest.fixture
def node(seeder, make_node, release):
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    made = make_node(seeder)
    assert made.call("update", "--now").code == 0
    return made


def test_the_node_explains_every_step_down_to_the_installed_tree(seeder, node):
    found = steps(node.call("verify", "--json"))
    assert {verdict for verdict, _ in found.values()} == {"ok"}
    for place in ("stored", "served"):
        for what in ("root 1", "newest root", "timestamp 2", "snapshot 2", "targets 2"):
            assert (place, what) in found, found
    root = forge.Repository.of_seeder(seeder.state).payload("root")
    assert root.timestamp.keyids[0].hex()[:16] in found["served", "timestamp 2"][1]
    assert "1 of the 1 keys that root 1 names for it (1 has to)" in found["served", "timestamp 2"][1]
    assert seeder.root_digest.removeprefix("sha256:") in found["stored", "first root"][1]
    for what in ("target", "current", "package", "tree"):
        assert ("demo", what) in found
    text = node.call("verify").out.splitlines()
    assert len(text) == len(found) and all(line.startswith("ok ") for line in text)


def test_the_node_finds_a_changed_file_of_the_installed_release(node):
    (node.home("demo") / "current" / "data.bin").write_bytes(b"changed")
    (node.home("demo") / "current" / "made-by-the-application").touch()
    answer = node.call("verify", "--app", "demo", "--json")
    assert steps(answer)["demo", "tree"] == (
        "refused", "what is installed is not what was signed: data.bin has other bytes")
    assert not (node.state / "verify.scratch").exists()


def test_the_node_finds_a_changed_package_and_a_changed_switch(node):
    [package] = [path for path in (node.state / "packages").iterdir() if not path.suffix]
    with open(package, "r+b") as out:
        out.write(b"changed")
    link = node.home("demo") / "current"
    link.unlink()
    link.symlink_to("versions/9.9.9")
    found = steps(node.call("verify", "--json"))
    assert found["demo", "package"][0] == found["demo", "current"][0] == "refused"


def test_the_node_holds_any_file_against_the_manifest(seeder, node, tmp_path):
    [package] = [path for path in (seeder.state / "public" / "packages").iterdir() if not path.suffix]
    found = steps(node.call("verify", "--file", package, "--json"))
    assert found["file", "target"][0] == "ok" and "demo/stable/1.0.0" in found["file", "target"][1]
    other = tmp_path / "other.tar.zst"
    other.write_bytes(b"no package")
    answer = node.call("verify", "--file", other, "--json")
    assert steps(answer)["file", "other.tar.zst"][0] == "refused"
    assert node.call("verify", "--file", package, "--app", "nosuch").code == 3
    assert node.call("verify", "--file", tmp_path / "missing").code == 3


def test_without_its_seeder_the_node_explains_what_it_has_stored(seeder, node):
    seeder.daemon.stop()
    found = steps(node.call("verify", "--json"))
    assert found["served", "root 2"][0] == "unknown" and "cannot be asked" in found["served", "root 2"][1]
    assert found["stored", "targets 2"][0] == found["demo", "tree"][0] == "ok"


def test_a_node_that_has_not_asked_yet_says_so(seeder, make_node):
    found = steps(make_node(seeder).call("verify", "--json"))
    assert found["stored", "timestamp"] == ("unknown", "none is stored yet: the seeder has not been asked")
    assert found["demo", "release"][0] == "unknown"


def test_the_node_names_what_is_wrong_with_what_is_served_and_keeps_what_it_had(siege):
    siege.gate.besiege(Attack(siege.old[-1].files, overrides={"/v1/check": None}))
    found = steps(siege.node.call("verify", "--json"))
    verdict, why = found["served", "timestamp"]
    assert verdict == "refused" and "rollback" in why
    assert found["demo", "tree"][0] == "ok"
    siege.recovers()


def test_the_seeder_explains_a_release_down_to_its_package(seeder, release):
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    found = steps(seeder.call("release", "verify", "demo", "1.0.0", "--json"))
    assert {verdict for verdict, _ in found.values()} == {"ok"}
    for what in ("target", "catalogue", "package", "torrent", "info-hash", "pieces"):
        assert ("demo", what) in found
    assert seeder.root_digest.removeprefix("sha256:") in found["served", "first root"][1]


def damaged(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("what", ["package", "torrent", "pieces", "targets 2", "timestamp"])
def test_the_seeder_names_what_is_damaged(what, seeder, release):
    target = seeder.publish(release("1.0.0"), "demo", "1.0.0")
    package = seeder.package(target)
    metadata = seeder.state / "public" / "metadata"
    damaged({"package": package, "torrent": package.with_suffix(".torrent"), "pieces": package.with_suffix(".pieces"),
             "targets 2": metadata / "2.targets.pb", "timestamp": metadata / "timestamp.pb"}[what])
    answer = seeder.call("release", "verify", "demo", "1.0.0", "--json")
    found = steps(answer)
    assert [key[1] for key, (verdict, _) in found.items() if verdict == "refused"] == [what]
    assert what in answer.err


def test_the_seeder_says_of_a_withdrawn_release_that_nobody_is_offered_it(seeder, release):
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    assert seeder.call("release", "withdraw", "demo", "1.0.0").code == 0
    found = steps(seeder.call("release", "verify", "demo", "1.0.0", "--json"))
    assert found["demo", "target"][0] == "refused" and "withdrawn" in found["demo", "target"][1]
    assert seeder.call("release", "verify", "demo", "3.0.0").code == 3


def test_an_expired_manifest_is_named_with_its_time(seeder, release):
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    seeder.daemon.stop()
    evil = forge.Repository.of_seeder(seeder.state, forge.ROLES)
    stamp = evil.payload("timestamp")
    stamp.expires = int(time.time()) - 60
    (seeder.state / "public" / "metadata" / "timestamp.pb").write_bytes(evil.put("timestamp", stamp))
    verdict, why = steps(seeder.call("release", "verify", "demo", "1.0.0", "--json"))["served", "timestamp"]
    assert verdict == "refused" and "freeze" in why
