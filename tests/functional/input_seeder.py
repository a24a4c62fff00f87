"""Wrong input to the seeder: one clear sentence, the exit code of docs/reference/cli.md, nothing changed."""
import socket

import pytest

from harness import payloads, programs, states


@pytest.fixture
def published(make_seeder, release):
    made = make_seeder()
    made.publish(release("1.0.0"), "demo", "1.0.0")
    return made


PUBLISH = ["publish", "{payload}", "--app", "demo"]
WRONG = {
    "no such file": (["publish", "{nowhere}", "--app", "demo", "--version", "1.1.0"], 3),
    "a version that is published already": ([*PUBLISH, "--version", "1.0.0"], 4),
    "a version with two numbers": ([*PUBLISH, "--version", "1.1"], 2),
    "a version with a leading zero": ([*PUBLISH, "--version", "1.01.0"], 2),
    "a version of letters": ([*PUBLISH, "--version", "latest"], 2),
    "an empty version": ([*PUBLISH, "--version", ""], 2),
    "a platform without architecture": ([*PUBLISH, "--version", "1.1.0", "--platform", "linux"], 2),
    "a platform that does not exist": ([*PUBLISH, "--version", "1.1.0", "--platform", "plan9/amd64"], 2),
    "an application name that leaves its folder": (["publish", "{payload}", "--app", "../demo", "--version", "1.1.0"], 2),
    "no application name": (["publish", "{payload}", "--version", "1.1.0"], 2),
    "a channel that leaves its folder": ([*PUBLISH, "--version", "1.1.0", "--channel", "a/../b"], 2),
    "an unknown package type": ([*PUBLISH, "--version", "1.1.0", "--type", "floppy"], 2),
    "a directory as a single file": ([*PUBLISH, "--version", "1.1.0", "--type", "file"], 2),
    "an unknown health check": ([*PUBLISH, "--version", "1.1.0", "--health", "smell:roses"], 2),
    "a health check on another host": ([*PUBLISH, "--version", "1.1.0", "--health", "http:http://10.0.0.1/"], 2),
    "port zero": ([*PUBLISH, "--version", "1.1.0", "--port", "0"], 2),
    "a port of 70000": ([*PUBLISH, "--version", "1.1.0", "--port", "70000"], 2),
    "an unknown option": ([*PUBLISH, "--version", "1.1.0", "--colour", "red"], 2),
    "an unknown command": (["frobnicate"], 2),
    "no command": ([], 2),
    "init a second time": (["init"], 4),
    "show of an unknown release": (["release", "show", "demo", "9.9.9"], 3),
    "show of an unknown application": (["release", "show", "nosuch", "1.0.0"], 3),
    "withdraw of an unknown release": (["release", "withdraw", "demo", "9.9.9"], 3),
}


@pytest.mark.parametrize("what", WRONG)
def test_the_seeder_refuses(what, shared_seeder, release, tmp_path):
    payload = release("1.1.0")
    arguments, code = WRONG[what]
    filled = [a.format(payload=payload, nowhere=tmp_path / "nowhere") for a in arguments]
    before = states.fingerprint(shared_seeder.state)
    states.refused(shared_seeder.call(*filled), code)
    assert states.fingerprint(shared_seeder.state) == before


DAMAGED = {
    "an archive cut short": lambda path: path.write_bytes(path.read_bytes()[:-2000]),
    "an archive of noise": lambda path: path.write_bytes(b"\x1f\x8b" + bytes(range(256)) * 8),
    "an empty archive": lambda path: path.write_bytes(b""),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_the_seeder_refuses_to_publish(what, shared_seeder, release):
    archive = payloads.archive(release("1.1.0"), "tar.gz")
    DAMAGED[what](archive)
    before = states.fingerprint(shared_seeder.state)
    states.refused(shared_seeder.call("publish", archive, "--app", "demo", "--version", "1.1.0", "--type", "tree"), 2)
    assert states.fingerprint(shared_seeder.state) == before


@pytest.mark.parametrize("name", ["../escape", "/etc/escape", "a/../../escape"])
def test_the_seeder_refuses_an_archive_whose_entry_leaves_its_folder(name, shared_seeder, tmp_path):
    archive = states.tar_with_entry(tmp_path / "bad.tar.gz", name)
    before = states.fingerprint(shared_seeder.state)
    states.refused(shared_seeder.call("publish", archive, "--app", "demo", "--version", "1.1.0", "--type", "tree"), 2)
    assert states.fingerprint(shared_seeder.state) == before


@pytest.mark.parametrize("command", [["serve"], ["status"], ["release", "list"],
                                     ["publish", ".", "--app", "demo", "--version", "1.0.0"]],
                         ids=lambda command: command[0])
def test_a_seeder_that_is_not_initialised_says_so(command, make_seeder, tmp_path):
    seeder = make_seeder("fresh", init=False)
    answer = seeder.call(*command)
    states.refused(answer, 5)
    assert "init" in answer.err
    assert not (tmp_path / "fresh").exists() or not any((tmp_path / "fresh").iterdir())


def test_a_second_serve_on_the_same_state_is_refused(published):
    published.serve()
    states.refused(published.call("serve"), 4)
    assert published.daemon.running()


def test_a_port_in_use_is_named(published):
    with socket.create_server((published.address, published.port)):
        answer = published.call("serve")
    states.refused(answer, 4)
    assert str(published.port) in answer.err


def test_a_swarm_port_in_use_is_named(published):
    with socket.create_server((published.address, published.swarm_port)):
        answer = published.call("serve")
    states.refused(answer, 4)
    assert str(published.swarm_port) in answer.err


@pytest.mark.networks
@pytest.mark.parametrize("remote", [False, True], ids=["here", "remote"])
def test_a_full_disk_of_the_seeder_is_reported_and_leaves_no_rubbish(remote, make_seeder, make_node, small_disk, tmp_path):
    small_disk(tmp_path / "seeder", "12m")
    seeder = make_seeder()
    seeder.serve()
    seeder.publish(payloads.blob(tmp_path / "small", 200_000), "tool", "1.0.0", "--type", "file")
    before = states.fingerprint(seeder.state / "public")
    where = ["--remote", seeder.state / "seeder.sock"] if remote else []
    answer = seeder.call("publish", payloads.blob(tmp_path / "large", 30_000_000), "--app", "tool", "--version", "2.0.0",
                         "--type", "file", *where)
    assert answer.code == 5 and "space" in answer.err.lower(), answer
    assert not remote or not any((seeder.state / "uploads").iterdir())
    assert states.fingerprint(seeder.state / "public") == before
    node = make_node(seeder, app="tool")
    answer = node.call("update", "--now")
    assert answer.code == 0 and "1.0.0" in answer.out, answer


@pytest.mark.parametrize("place", ["/proc/nowhere", "/proc/1/nowhere/deeper"])
def test_a_state_directory_that_the_system_does_not_make_is_named(place):
    answer = programs.Seeder(place).call("init")
    states.refused(answer, 5)
    assert place in answer.err


def test_a_state_directory_that_cannot_be_made_is_named(make_seeder, tmp_path):
    (tmp_path / "file").write_text("not a directory\n")
    seeder = programs.Seeder(tmp_path / "file" / "state")
    answer = seeder.call("init")
    states.refused(answer, 5)
    assert str(seeder.state) in answer.err


@pytest.mark.networks
def test_a_state_directory_that_cannot_be_written_is_named_and_left_alone(published, release):
    before = states.fingerprint(published.state)
    with states.read_only(published.state):
        answer = published.call("publish", release("1.1.0"), "--app", "demo", "--version", "1.1.0")
        states.refused(answer, 5)
        assert str(published.state) in answer.err
    assert states.fingerprint(published.state) == before
