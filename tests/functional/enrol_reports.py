"""S10: replayed, out-of-order and forged reports are refused, and the counts stay exact."""
import os

import pytest

from harness import messages, programs, wire

report_pb2 = messages.report_pb2


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
