"""What the commands print: help with examples, and JSON that keeps its schema."""
import json

import pytest

from harness import messages, programs

SEEDER_COMMANDS = [["init"], ["publish"], ["release", "list"], ["release", "show"], ["release", "withdraw"], ["serve"],
                   ["status"], ["node"], ["token"], ["operator"], ["audit"]]
NODE_COMMANDS = [["join"], ["run"], ["status"], ["check"], ["update"], ["history"], ["rollback"]]
COMMANDS = ([("lanyard-seeder", c) for c in SEEDER_COMMANDS] + [("lanyard-node", c) for c in NODE_COMMANDS])


@pytest.mark.parametrize("program, command", COMMANDS, ids=lambda value: " ".join(value) if list is type(value) else value)
def test_help_of_every_command_has_an_example_of_it(program, command):
    answer = programs.call(program, *command, "--help")
    assert answer.code == 0
    assert answer.err == ""
    assert "xample" in answer.out
    assert f"{program} {' '.join(command)}" in answer.out
    assert "--state" in answer.out


@pytest.mark.parametrize("program", ["lanyard-seeder", "lanyard-node"])
def test_version_is_printed(program):
    answer = programs.call(program, "--version")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.strip()


def test_json_of_every_command_is_one_document_of_its_schema(make_seeder, make_node, release):
    status = messages.status_pb2
    seeder = make_seeder(init=False)
    assert seeder.init().schema == 1
    seeder.serve()
    published = seeder.call("publish", release("1.0.0"), "--app", "demo", "--version", "1.0.0", "--json")
    node = make_node(seeder)
    node.run().wait("attempt.committed")
    seeder.daemon.wait("fleet.report")
    kept = [(published, status.PublishResult),
            (seeder.call("status", "--json"), status.SeederStatus),
            (seeder.call("release", "list", "--json"), status.ReleaseList),
            (seeder.call("release", "list", "--app", "demo", "--json"), status.ReleaseList),
            (seeder.call("release", "show", "demo", "1.0.0", "--json"), status.ReleaseInfo),
            (seeder.call("node", "list", "--json"), messages.admin_pb2.NodeList),
            (seeder.call("token", "list", "--json"), messages.admin_pb2.TokenList),
            (seeder.call("operator", "list", "--json"), messages.admin_pb2.OperatorList),
            (seeder.call("audit", "--json"), messages.admin_pb2.AuditList),
            (node.call("status", "--json"), status.NodeStatus),
            (node.call("check", "--json"), status.CheckResult),
            (node.call("history", "--json"), status.History)]
    for answer, kind in kept:
        document = json.loads(answer.out)
        assert kind is status.ReleaseInfo or document["schema"] == 1
        answer.json(kind)
    assert json.loads(node.call("update", "--now", "--json").out)
    assert json.loads(seeder.call("release", "withdraw", "demo", "1.0.0", "--json").out)


def test_status_knows_the_node_and_what_it_runs(seeder, make_node, release):
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    node = make_node(seeder, "pc-17")
    node.run().wait("report.sent")
    seeder.daemon.wait("fleet.report")
    known = seeder.status().nodes
    assert [(n.name, n.node_id) for n in known] == [("pc-17", node.status().node_id)]
    assert [(a.app, a.channel, a.version, a.last_outcome) for a in known[0].apps] == [("demo", "stable", "1.0.0", 1)]


def test_a_withdrawn_release_is_offered_to_nobody(seeder, make_node, release):
    for version in ("1.0.0", "2.0.0"):
        seeder.publish(release(version), "demo", version)
    assert seeder.call("release", "withdraw", "demo", "2.0.0").code == 0
    node = make_node(seeder)
    node.run().wait("attempt.committed")
    assert node.installed("demo") == "1.0.0"
    shown = seeder.call("release", "show", "demo", "2.0.0", "--json").json(messages.status_pb2.ReleaseInfo)
    assert shown.state == "withdrawn"
