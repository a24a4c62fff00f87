"""Wrong input to the node: one clear sentence, the exit code of docs/reference/cli.md, nothing changed."""
import pytest

from harness import programs, states

DIGEST = "sha256:" + "0" * 64
TOKEN = ["--token", "{token}"]
WRONG_JOIN = {
    "a seeder that does not answer": (["--seeder", "https://127.0.0.1:9", "--root-digest", DIGEST], 6),
    "a root of another digest": (["--seeder", "{url}", "--root-digest", DIGEST], 7),
    "a digest that is none": (["--seeder", "{url}", "--root-digest", "sha256:xyz"], 2),
    "a digest of another kind": (["--seeder", "{url}", "--root-digest", "md5:" + "0" * 32], 2),
    "an address that is no URL": (["--seeder", "seeder", "--root-digest", "{digest}"], 2),
    "an address of another scheme": (["--seeder", "ftp://seeder/", "--root-digest", "{digest}"], 2),
    "no seeder": (["--root-digest", "{digest}"], 2),
    "no digest": (["--seeder", "{url}"], 2),
    "an application name that leaves its folder": (
        ["--seeder", "{url}", "--root-digest", "{digest}", "--app", "../demo"], 2),
    "a window of 25 hours": (["--seeder", "{url}", "--root-digest", "{digest}", "--window", "01:00-25:00"], 2),
    "a network that is none": (["--seeder", "{url}", "--root-digest", "{digest}", "--network", "10.0.0.0/99"], 2),
    "a listen address that is none": (["--seeder", "{url}", "--root-digest", "{digest}", "--swarm-listen", "x"], 2),
    "a port of 70000": (["--seeder", "{url}", "--root-digest", "{digest}", "--swarm-port", "70000"], 2),
    "an unknown option": (["--seeder", "{url}", "--root-digest", "{digest}", "--colour", "red"], 2),
    "a seeder without TLS": (["--seeder", "http://127.0.0.1:8430", "--root-digest", "{digest}"], 2),
    "no right at all": (["--seeder", "{url}", "--root-digest", "{digest}"], 2),
    "a token and a digest": (
        ["--seeder", "{url}", "--root-digest", "{digest}", *TOKEN, "--ca-digest", DIGEST], 2),
    "a token cut short": (["--seeder", "{url}", "--root-digest", "{digest}", "--token", "abcdef"], 2),
    "the CA of somebody else": (["--seeder", "{url}", "--root-digest", "{digest}", "--ca-digest", DIGEST], 7),
}


@pytest.mark.parametrize("what", WRONG_JOIN)
def test_join_refuses(what, shared_service, tmp_path):
    arguments, code = WRONG_JOIN[what]
    node = programs.Node(tmp_path / "node", "node")
    if "--token" not in arguments and "--ca-digest" not in arguments and "no right" not in what:
        arguments = [*arguments, *TOKEN]
    known = {"url": shared_service.url, "digest": shared_service.root_digest, "token": shared_service.token()}
    filled = [argument.format(**known) for argument in arguments]
    app = [] if "--app" in filled else ["--app", "demo"]
    states.refused(node.call("join", *filled, *app), code)
    assert not node.state.exists() or not any(node.state.iterdir())


@pytest.mark.parametrize("place", ["/proc/nowhere", "/proc/1/nowhere/deeper", "{file}/state"])
def test_a_state_directory_that_cannot_be_made_is_named(place, shared_service, tmp_path):
    file = tmp_path / "file"
    file.write_text("not a directory\n")
    node = programs.Node(place.format(file=file), "node")
    answer = node.join(shared_service, "--app", "demo")
    states.refused(answer, 5)
    assert str(node.state) in answer.err
    assert file.read_text() == "not a directory\n"


@pytest.mark.networks
@pytest.mark.parametrize("command", [["run"], ["update", "--now"], ["rollback"]], ids=lambda command: command[0])
def test_a_state_directory_that_cannot_be_written_is_named_and_left_alone(command, seeder, make_node, release):
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    node = make_node(seeder)
    assert node.call("update", "--now").code == 0
    before = states.fingerprint(node.state)
    with states.read_only(node.state):
        answer = node.call(*command)
        states.refused(answer, 5)
        assert str(node.state) in answer.err
    assert states.fingerprint(node.state) == before


def test_a_node_toml_that_cannot_be_read_is_not_said_to_be_missing(shared_service, make_node):
    node = make_node(shared_service)
    (node.state / "node.toml").unlink()
    (node.state / "node.toml").symlink_to("node.toml")
    for command in (["run"], ["status"], ["update"]):
        answer = node.call(*command)
        states.refused(answer, 5)
        assert "cannot be read" in answer.err and "join" not in answer.err


def test_the_wrong_word_is_named(tmp_path):
    for word in ("frob", "--frob"):
        answer = programs.call("lanyard-node", word)
        states.refused(answer, 2)
        assert f"'{word}'" in answer.err


def test_joining_twice_is_refused_and_changes_nothing(shared_service, make_node):
    node = make_node(shared_service)
    before = states.fingerprint(node.state)
    states.refused(node.join(shared_service, "--app", "other"), 4)
    assert states.fingerprint(node.state) == before


@pytest.mark.parametrize("command", [["run"], ["status"], ["check"], ["update", "--now"], ["history"], ["rollback"]],
                         ids=lambda command: command[0])
def test_a_node_that_has_not_joined_says_so(command, tmp_path):
    node = programs.Node(tmp_path / "fresh", "fresh")
    answer = node.call(*command)
    states.refused(answer, 5)
    assert "join" in answer.err
    assert not node.state.exists() or not any(node.state.iterdir())


WRONG = {
    "an unknown option": (["status", "--colour"], 2),
    "an unknown command": (["frobnicate"], 2),
    "no command": ([], 2),
    "update of an application it does not have": (["update", "--now", "--app", "nosuch"], 3),
    "rollback of an application it does not have": (["rollback", "--app", "nosuch"], 3),
    "a limit below nothing": (["history", "--limit", "-1"], 2),
    "a limit of letters": (["history", "--limit", "many"], 2),
}


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.parametrize("daemon", [False, True], ids=["alone", "with a daemon"])
def test_the_node_refuses(what, daemon, shared_service, make_node):
    node = make_node(shared_service)
    if daemon:
        node.run()
    arguments, code = WRONG[what]
    before = (node.state / "node.toml").read_bytes()
    states.refused(node.call(*arguments), code)
    assert (node.state / "node.toml").read_bytes() == before


def test_a_second_daemon_on_the_same_state_is_refused(shared_service, make_node):
    node = make_node(shared_service)
    node.run()
    states.refused(node.call("run"), 4)
    assert node.daemon.running()


@pytest.mark.parametrize("command", [["check"], ["update", "--now"]], ids=lambda command: command[0])
def test_a_seeder_that_is_down_is_named_and_nothing_changes(command, seeder, make_node, release):
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    node = make_node(seeder)
    assert node.call("update", "--now").code == 0
    seeder.daemon.stop()
    before = node.installed("demo")
    answer = node.call(*command)
    states.refused(answer, 6)
    assert seeder.url.removeprefix("https://") in answer.err
    assert node.installed("demo") == before


DAMAGE = {
    "of noise": "\x00\x01 = [",
    "without a seeder": "[node]\nid = \"" + "0" * 32 + "\"\n",
    "that is empty": "",
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_node_toml_is_refused(what, shared_service, make_node):
    node = make_node(shared_service)
    (node.state / "node.toml").write_text(DAMAGE[what])
    answer = node.call("run")
    states.refused(answer, 5, 2)
    assert "node.toml" in answer.err
