"""A seeder in wrong hands: whatever it makes of the manifest, no byte is installed, the attack is named, and the node
goes on when the honest seeder is back. Each attack has just the keys that it needs, the weakest first."""
import pytest

from evil import forgeries
from evil.forgeries import OFFER
from evil.gate import Attack
from harness import payloads


@pytest.mark.parametrize("attack", forgeries.ATTACKS, ids=lambda attack: attack.__name__)
def test_a_manifest_is_refused(attack, siege):
    made, words = attack(siege)
    with siege.nothing_changes():
        siege.refused(made, "trust.refused", words)
    if attack in forgeries.SIGNED_AHEAD:
        siege.outrun()
    siege.recovers()


def test_old_files_are_refused_also_after_the_node_was_killed_and_started_again(siege):
    made, words = forgeries.old_files(siege)
    with siege.nothing_changes():
        siege.gate.besiege(made)
        siege.node.daemon.kill()
        siege.run_node()
        siege.refused(made, "trust.refused", words)
    siege.recovers()


def test_a_timestamp_that_is_served_beyond_its_expiry_is_an_alarm_while_the_release_runs_on(siege):
    """Freeze (M12): the files were good when they came, and are all that ever comes again."""
    evil = forgeries.stolen(siege)
    stamp = evil.payload("timestamp")
    stamp.version, stamp.expires = stamp.version + 1, siege.now + 3
    evil.put("timestamp", stamp)
    with siege.nothing_changes():
        frozen = forgeries.served(siege, evil, siege.version)
        siege.refused(frozen, "trust.refused", "timestamp: it expired at .*freeze")
        assert "freeze" in siege.node.status().alarm
    siege.outrun()
    siege.recovers()


@pytest.mark.parametrize("what", forgeries.WRONG)
def test_a_validly_signed_target_is_not_taken_when_it_is_of(what, fresh_siege):
    """Its own siege: what a leaked key has signed is trusted until the keys change, here as by TUF."""
    siege = fresh_siege
    change, words = forgeries.WRONG[what]
    with siege.nothing_changes():
        siege.gate.besiege(forgeries.leaked_targets_key(siege, change))
        answer = siege.node.call("check")
        assert answer.code == 0 and words in answer.out, answer
        siege.gate.wait("/v1/check", 3)
        assert siege.node.call("update", "--now").code == 8
    siege.outrun()
    siege.recovers()


HINTS = {
    "that does not exist": "demo/stable/99.0.0/linux-amd64/demo-99.0.0.tar.zst",
    "that leaves the repository": "../../../etc/passwd",
    "of letters that nobody can read": "\u202edemo/\x01",
    "that is very long": "x" * 100_000,
}


@pytest.mark.parametrize("what", HINTS)
def test_an_answer_to_a_check_with_a_path_is_not_followed(what, siege):
    honest = siege.repository()
    attack = Attack(honest.files, siege.packages(), [("demo", OFFER, HINTS[what])])
    with siege.nothing_changes():
        siege.refused(attack, "check.failed", "the seeder offers what the signed manifest does not hold")
    siege.recovers()


def test_an_answer_that_offers_another_application_under_the_name_is_not_taken(siege):
    target = siege.seeder.publish(payloads.directory(siege.place / f"other-{siege.number}", "50.0.0"), "other",
                                  f"50.0.{siege.number}")
    attack = Attack(siege.repository().files, siege.packages(), [("demo", "50.0.0", target.path)])
    with siege.nothing_changes():
        siege.gate.besiege(attack)
        answer = siege.node.call("check")
        assert answer.code == 0 and "wrong software: the target is for other" in answer.out, answer
        siege.gate.wait("/v1/check", 3)
    siege.recovers()


def test_roots_without_end_are_left_after_256_and_the_rest_of_the_refresh_goes_on(fresh_siege):
    siege = fresh_siege
    evil = siege.repository("root")
    new = evil.payload("root")
    for version in range(2, 402):
        new.version = version
        evil.put("root", new)
    with siege.nothing_changes():
        siege.gate.besiege(forgeries.served(siege, evil, siege.version))
        siege.gate.wait("/metadata/timestamp.pb")
        asked = [r.path for r in siege.gate.requests if r.path.startswith("/metadata/")]
        assert asked.index("/metadata/timestamp.pb") == 256
    siege.recovers()
