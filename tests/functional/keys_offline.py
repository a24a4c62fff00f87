"""Keys kept off the seeder: requests, lanyard-sign, import. The page docs/how-to/offline-keys.md runs as it stands there."""
import os
import shutil
import subprocess

import pytest

from harness import drills, messages, programs, states


def sign(*arguments, **options):
    return programs.call("lanyard-sign", *arguments, **options)


def known(seeder):
    """What a keeper has written down of the repository."""
    return "--root-digest", seeder.root_digest


def request_of(answer, kind):
    return answer.json(kind).request


@pytest.fixture
def two_of_three(make_seeder, tmp_path):
    """Root and targets keys in tmp_path/keys, two of three have to sign."""
    seeder = make_seeder(init=False)
    seeder.init("--offline-root", "--offline-targets", "--threshold", "2/3", "--key-dir", tmp_path / "keys")
    return seeder


def test_the_page_leads_to_a_release_that_two_of_three_have_signed(make_seeder, make_node, release, tmp_path):
    seeder = make_seeder(init=False)
    page = drills.page("offline-keys", tmp_path / "page", seeder)
    page.run()
    assert not list((seeder.state / "keys").glob("root*")) and not list((seeder.state / "keys").glob("targets*"))
    seeder.root_digest = seeder.status().root_digest
    page.set(ROOT_DIGEST=seeder.root_digest)
    seeder.serve()
    node = make_node(seeder, poll_seconds=1)
    daemon = node.run()
    shutil.copytree(release("1.0.0"), page.place / "build", symlinks=True)
    page.run()  # publish: asks
    assert not seeder.call("release", "list", "--json").json(messages.status_pb2.ReleaseList).releases
    assert "+ 'demo' '1.0.0'" in page.run()  # show and sign
    assert "demo 1.0.0 on stable: live" in page.run()  # import twice
    assert page.finished()
    daemon.wait("attempt.committed", "1.0.0")
    assert not list((seeder.state / "requests").iterdir()), "what is done is not asked for any longer"


def test_serve_signs_and_goes_on_without_root_and_targets_keys(two_of_three, make_node):
    two_of_three.serve()
    assert {path.name for path in (two_of_three.state / "keys").iterdir()} == {"ca.pem", "snapshot.pem", "timestamp.pem"}
    answer = two_of_three.call("key", "rotate", "--role", "timestamp", "--json")
    request = request_of(answer, messages.status_pb2.KeyList)
    signed = two_of_three.state.with_name("root.signed")
    keys = two_of_three.state.with_name("keys")
    answer = sign("sign", request, "--key", keys / "root-1.pem", "--key", keys / "root-2.pem",
                  *known(two_of_three), "--out", signed, "--yes")
    assert answer.code == 0, answer
    assert two_of_three.call("import", signed).code == 0
    assert drills.version(two_of_three, "root") == 2
    drills.accepted(make_node(two_of_three))


def test_a_withdrawal_waits_for_signatures_as_well(two_of_three, release, tmp_path):
    seeder = two_of_three
    keys = [part for number in (1, 2) for part in ("--key", tmp_path / "keys" / f"targets-{number}.pem")]
    for command, kind in ((("publish", release("1.0.0"), "--app", "demo", "--version", "1.0.0"),
                           messages.status_pb2.PublishResult),
                          (("release", "withdraw", "demo", "1.0.0"), messages.status_pb2.ReleaseList)):
        request = request_of(seeder.call(*command, "--json"), kind)
        assert sign("sign", request, *keys, *known(seeder), "--out", f"{request}.signed", "--yes").code == 0
        result = seeder.call("import", f"{request}.signed", "--json").json(messages.status_pb2.ImportResult)
        assert result.published and [info.app for info in result.changed] == ["demo"]
    [listed] = seeder.call("release", "list", "--json").json(messages.status_pb2.ReleaseList).releases
    assert listed.state == "withdrawn"


def test_keys_that_were_never_on_the_seeder_found_a_repository(make_seeder, make_node, release, tmp_path):
    for name in ("root-1", "root-2", "targets"):
        assert sign("generate", tmp_path / f"{name}.pem").code == 0
    seeder = make_seeder(init=False)
    result = seeder.init("--root-key", tmp_path / "root-1.pub", "--root-key", tmp_path / "root-2.pub", "--threshold",
                         "root=2/2", "--targets-key", tmp_path / "targets.pub")
    assert result.request and not result.root_digest
    states.refused(seeder.call("publish", release("1.0.0"), "--app", "demo", "--version", "1.0.0"), 5)
    states.refused(seeder.call("serve"), 5)
    shown = sign("show", result.request)
    assert "This is a NEW repository" in shown.out
    for key in ("root-1", "root-2"):
        answer = sign("sign", result.request, "--key", tmp_path / f"{key}.pem", "--out", tmp_path / f"{key}.signed",
                      "--yes")
        assert answer.code == 0, answer
    answer = sign("sign", result.request, "--key", tmp_path / "targets.pem", "--out", tmp_path / "t.signed", "--yes")
    assert answer.code == 0, answer
    told = seeder.call("import", tmp_path / "root-1.signed", tmp_path / "root-2.signed", "--json")
    assert not told.json(messages.status_pb2.ImportResult).published
    told = seeder.call("import", tmp_path / "t.signed", "--json").json(messages.status_pb2.ImportResult)
    assert told.published and "lanyard-node join" in told.join_line
    seeder.root_digest = seeder.status().root_digest
    seeder.serve()
    drills.accepted(make_node(seeder))


def test_openssl_signs_in_the_place_of_lanyard_sign(two_of_three, release, tmp_path):
    seeder = two_of_three
    answer = seeder.call("publish", release("1.0.0"), "--app", "demo", "--version", "1.0.0", "--json")
    request = request_of(answer, messages.status_pb2.PublishResult)
    for number in (1, 3):
        pae, signature, out = (tmp_path / f"{number}.{kind}" for kind in ("pae", "sig", "signed"))
        key = tmp_path / "keys" / f"targets-{number}"
        assert sign("pae", request, "--role", "targets", "--key", f"{key}.pub", *known(seeder), "--out", pae).code == 0
        assert key.with_name(f"{key.name}.seen").exists()
        subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", f"{key}.pem", "-in", pae, "-out", signature],
                       check=True)
        answer = sign("attach", request, "--role", "targets", "--signature", signature, "--key", f"{key}.pub", "--out",
                      out)
        assert answer.code == 0, answer
    assert seeder.call("import", tmp_path / "1.signed", tmp_path / "3.signed").code == 0
    assert drills.version(seeder, "targets") == 2


def test_a_token_behind_pkcs11_signs(make_seeder, release, tmp_path):
    """SoftHSM in the place of a real one; its private key never leaves it."""
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tmp_path}/tokens\nobjectstore.backend = file\n")
    token = {**os.environ, "SOFTHSM2_CONF": str(tmp_path / "softhsm2.conf")}
    subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "lanyard", "--pin", "1234", "--so-pin", "5678"],
                   env=token, check=True, capture_output=True)

    def tool(*arguments):
        subprocess.run(["pkcs11-tool", "--module", "/usr/lib/softhsm/libsofthsm2.so", "--token-label", "lanyard", "--login",
                        "--pin", "1234", "--label", "targets", *arguments], env=token, check=True, capture_output=True)

    tool("--keypairgen", "--key-type", "EC:edwards25519")
    tool("--read-object", "--type", "pubkey", "--output-file", tmp_path / "targets.pub")
    seeder = make_seeder(init=False)
    request = seeder.init("--targets-key", tmp_path / "targets.pub").request
    assert sign("pae", request, "--role", "targets", "--out", tmp_path / "pae").code == 0
    tool("--sign", "--mechanism", "EDDSA", "--input-file", tmp_path / "pae", "--output-file", tmp_path / "signature")
    answer = sign("attach", request, "--role", "targets", "--signature", tmp_path / "signature", "--key",
                  tmp_path / "targets.pub", "--out", tmp_path / "signed")
    assert answer.code == 0, answer
    assert seeder.call("import", tmp_path / "signed", "--json").json(messages.status_pb2.ImportResult).published


def test_openssl_reads_a_key_under_a_passphrase(tmp_path):
    passphrase = tmp_path / "pass"
    passphrase.write_text("correct horse\n")
    passphrase.chmod(0o600)
    assert sign("generate", tmp_path / "key.pem", "--passphrase-file", passphrase).code == 0
    assert "ENCRYPTED" in (tmp_path / "key.pem").read_text()
    done = subprocess.run(["openssl", "pkey", "-in", tmp_path / "key.pem", "-passin", "pass:correct horse", "-pubout"],
                          capture_output=True, check=True)
    assert done.stdout == (tmp_path / "key.pub").read_bytes()
    passphrase.chmod(0o644)
    states.refused(sign("generate", tmp_path / "other.pem", "--passphrase-file", passphrase), 2)
    states.refused(sign("generate", tmp_path / "key.pem"), 4)


def test_a_publish_signs_with_a_key_under_a_passphrase(make_seeder, release, tmp_path):
    seeder = make_seeder()
    passphrase = tmp_path / "pass"
    passphrase.write_text("correct horse\n")
    passphrase.chmod(0o600)
    key = seeder.state / "keys" / "targets-new.pem"
    assert seeder.call("key", "generate", key, "--passphrase-file", passphrase).code == 0
    answer = seeder.call("key", "rotate", "--role", "targets", "--key", key, "--passphrase-file", passphrase)
    assert answer.code == 0, answer
    command = ("publish", release("1.0.0"), "--app", "demo", "--version", "1.0.0")
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong\n")
    wrong.chmod(0o600)
    states.refused(seeder.call(*command, "--passphrase-file", wrong), 2)
    answer = seeder.call(*command, "--passphrase-file", passphrase)
    assert answer.code == 0, answer
    seeder.serve()  # has no business with it, and asks nobody


def test_what_lanyard_sign_refuses_leaves_no_file(two_of_three, release, tmp_path):
    answer = two_of_three.call("publish", release("1.0.0"), "--app", "demo", "--version", "1.0.0", "--json")
    request = request_of(answer, messages.status_pb2.PublishResult)
    keys, out = tmp_path / "keys", tmp_path / "out"
    for arguments, code in ((("sign", request, "--key", keys / "targets-1.pem"), 2),  # nobody says yes
                            (("sign", request, "--key", keys / "root-1.pem", "--yes"), 2),  # has no say in targets
                            (("sign", request, "--key", keys / "nothing.pem", "--yes"), 5),
                            (("sign", keys / "targets-1.pub", "--key", keys / "targets-1.pem", "--yes"), 2),
                            (("sign", tmp_path / "nothing", "--key", keys / "targets-1.pem", "--yes"), 3)):
        assert sign(*arguments, *known(two_of_three), "--out", out).code == code, arguments
        assert not out.exists()
    (keys / "targets-1.pem").chmod(0o644)
    answer = sign("sign", request, "--key", keys / "targets-1.pem", *known(two_of_three), "--yes", "--out", out)
    assert answer.code == 5, answer
    assert not out.exists()


def test_the_package_of_a_release_that_waits_for_signatures_stays(two_of_three, release, tmp_path):
    seeder = two_of_three
    first = seeder.call("publish", release("1.0.0"), "--app", "demo", "--version", "1.0.0", "--json")
    first = first.json(messages.status_pb2.PublishResult)
    second = seeder.call("publish", release("2.0.0"), "--app", "demo", "--version", "2.0.0", "--json")
    assert second.code == 0, second
    assert seeder.package(first.release.target).exists()
    keys = tmp_path / "keys"
    assert sign("sign", first.request, "--key", keys / "targets-1.pem", "--key", keys / "targets-2.pem", *known(seeder),
                "--out", tmp_path / "signed", "--yes").code == 0
    assert seeder.call("import", tmp_path / "signed").code == 0
    assert seeder.package(first.release.target).exists()
    second = second.json(messages.status_pb2.PublishResult)
    assert not seeder.package(second.release.target).exists(), "its request is overtaken"


@pytest.mark.parametrize("command", [("key", "rotate", "--role", "somebody"), ("key", "rotate", "--role", "root"),
                                     ("key", "rotate", "--role", "root", "--key", "/dev/null"),
                                     ("key", "rotate", "--role", "timestamp", "--threshold", "2"),
                                     ("key", "revoke", "--role", "snapshot", "--key", "ffffffff"),
                                     ("key", "renew", "--role", "timestamp"), ("import", "/nowhere"),
                                     ("import", "/etc/passwd")])
def test_wrong_key_commands_change_nothing(command, two_of_three):
    before = states.fingerprint(two_of_three.state)
    states.refused(two_of_three.call(*command), 2, 3, 5)
    after = states.fingerprint(two_of_three.state)
    assert {name: after[name] for name in before} == before


def test_status_counts_the_days(seeder):
    roles = {role.role: role for role in seeder.status().roles}
    assert (roles["timestamp"].days_left, roles["timestamp"].threshold, roles["timestamp"].keys) in ((6, 1, 1), (7, 1, 1))
    assert roles["root"].days_left in (1094, 1095)
