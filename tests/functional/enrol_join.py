"""Who may speak: tokens, nodes that wait, networks that are welcome, and the way back."""
import re
import signal
import subprocess

import pytest

from harness import messages, programs, states, wire


@pytest.fixture
def fresh_node(tmp_path, started, fresh_address):
    """A node that has not joined."""
    made = []

    def make(name):
        node = programs.Node(tmp_path / name, name, fresh_address, 9001 + len(made))
        made.append(node)
        started.append(node)
        return node

    return make


def left_nothing(node):
    return not node.state.exists() or not any(node.state.iterdir())


def begin_join(node, seeder, *more):
    """A join in the background; its stderr is read until it says that it waits."""
    process = subprocess.Popen(
        [programs.BIN / "lanyard-node", "join", "--seeder", seeder.url, "--root-digest", seeder.root_digest,
         "--ca-digest", wire.ca_digest(seeder), "--app", "demo", "--name", node.name, "--swarm-listen", node.address,
         "--swarm-port", str(node.swarm_port), "--state", node.state, *more],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert "waits to be accepted" in process.stderr.readline()
    return process


def test_the_first_token_admits_one_node_and_no_second(seeder, fresh_node):
    first, second = fresh_node("first"), fresh_node("second")
    assert first.join(seeder, "--app", "demo", token=seeder.first_token).code == 0
    refused = second.join(seeder, "--app", "demo", token=seeder.first_token)
    states.refused(refused, 7)
    assert "used up" in refused.err and refused.err.count("\n") == 1, "one line, and no empty one behind it"
    assert left_nothing(second)
    assert {name: node.state for name, node in seeder.nodes().items()} == {"first": "accepted"}


def test_a_node_keeps_its_key_to_itself(seeder, make_node):
    node = make_node(seeder)
    key = node.state / "key.pem"
    assert oct(key.stat().st_mode & 0o777) == "0o600"
    public = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], capture_output=True,
                            check=True).stdout
    certificate = subprocess.run(["openssl", "x509", "-in", node.state / "certificate.pem", "-noout", "-subject", "-ext",
                                  "subjectAltName,extendedKeyUsage"], capture_output=True, check=True, text=True).stdout
    assert node.status().node_id in certificate and "URI:lanyard:role:node" in certificate
    private = key.read_bytes()
    kept = b"".join(path.read_bytes() for path in seeder.state.rglob("*") if path.is_file() and ".sock" not in path.name)
    assert private not in kept and public in kept
    assert subprocess.run(["openssl", "verify", "-CAfile", seeder.state / "ca.crt", node.state / "certificate.pem"],
                          capture_output=True).returncode == 0


@pytest.mark.parametrize("how", ["revoked", "mistyped", "made by nobody"])
def test_a_token_is_refused_that_was(how, seeder, fresh_node):
    token, code = seeder.new_token(), 7
    if how == "revoked":
        [entry] = [line for line in seeder.call("token", "list").out.splitlines() if "user" in line]
        assert seeder.call("token", "revoke", entry.split()[0]).code == 0
    elif how == "mistyped":
        token, code = token[:-9] + ("a" if token[-9] != "a" else "b") + token[-8:], 2
    else:  # by another seeder's operator, say; the pin is ours
        assert seeder.call("token", "list").code == 0
        token = states.token_with_another_secret(token)
    node = fresh_node("late")
    answer = node.join(seeder, "--app", "demo", token=token)
    states.refused(answer, code)
    assert left_nothing(node) and seeder.nodes() == {}


def test_no_secret_of_a_token_is_kept(seeder):
    token = seeder.new_token("--uses", "7")
    secret = states.token_secret(token)
    for path in seeder.state.rglob("*"):
        if path.is_file():
            assert secret not in path.read_bytes() and token.encode() not in path.read_bytes(), path


def test_a_node_without_token_waits_until_it_is_accepted_and_then_updates(seeder, fresh_node, release):
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    node = fresh_node("pc-9")
    answer = node.join(seeder, "--app", "demo", "--ca-digest", wire.ca_digest(seeder), "--no-wait", token="")
    assert answer.code == 0, answer
    assert "lanyard-seeder node accept " in answer.err
    seeder.daemon.wait("fleet.pending", "pc-9")
    daemon = node.run()
    daemon.wait("enrol.pending")
    assert "waits to be accepted" in node.status().last_error
    assert seeder.call("node", "accept", node.status().node_id[:8]).code == 0
    daemon.wait("enrol.accepted")
    daemon.wait("attempt.committed", "1.0.0")
    assert seeder.nodes()["pc-9"].state == "accepted"


def test_join_waits_until_somebody_accepts(seeder, fresh_node):
    node = fresh_node("pc-9")
    joining = begin_join(node, seeder)
    seeder.daemon.wait("fleet.pending", "pc-9")
    assert seeder.call("node", "accept", "pc-9").code == 0
    out, _ = joining.communicate(timeout=programs.PATIENCE)
    assert joining.returncode == 0
    assert "joined" in out and "waits to be accepted" not in out


def test_a_join_that_is_interrupted_while_it_waits_goes_on_with_run(seeder, fresh_node):
    node = fresh_node("pc-9")
    joining = begin_join(node, seeder)
    joining.send_signal(signal.SIGINT)
    out, _ = joining.communicate(timeout=programs.PATIENCE)
    assert joining.returncode == 0
    assert "waits to be accepted" in out
    assert seeder.call("node", "accept", "pc-9").code == 0
    node.run().wait("enrol.accepted")


def test_a_rejected_node_is_told_so_and_a_token_brings_it_back(seeder, fresh_node):
    node = fresh_node("pc-9")
    node.join(seeder, "--app", "demo", "--ca-digest", wire.ca_digest(seeder), "--no-wait", token="")
    assert seeder.call("node", "reject", "pc-9").code == 0
    refused = node.call("check")
    states.refused(refused, 7)
    assert "rejected" in refused.err
    assert seeder.call("node", "accept", "pc-9").code == 0
    assert node.call("check").code == 0


def test_nodes_of_a_welcome_network_need_no_token_and_others_do(make_seeder, fresh_node):
    seeder = make_seeder()
    config = seeder.state / "seeder.toml"
    text = config.read_text()
    config.write_text(re.sub(r"(?m)^auto_accept = .*$", f'auto_accept = ["{seeder.address}/32"]', text))
    seeder.serve()
    node = fresh_node("pc-9")  # asks from the seeder's own address
    answer = node.join(seeder, "--app", "demo", "--ca-digest", wire.ca_digest(seeder), "--no-wait", token="")
    assert answer.code == 0 and answer.err == "", answer
    assert seeder.nodes()["pc-9"].by == "subnet"
    seeder.daemon.stop()
    config.write_text(re.sub(r"(?m)^auto_accept = .*$", 'auto_accept = ["10.1.0.0/16"]', text))
    seeder.serve()
    other = fresh_node("pc-10")
    other.join(seeder, "--app", "demo", "--ca-digest", wire.ca_digest(seeder), "--no-wait", token="")
    assert seeder.nodes()["pc-10"].state == "pending"


def test_a_node_that_has_lost_its_certificate_gets_another_by_its_key(seeder, make_node, release):
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    node = make_node(seeder)
    (node.state / "certificate.pem").unlink()
    daemon = node.run()
    daemon.wait("enrol.accepted")
    daemon.wait("attempt.committed", "1.0.0")


def test_a_join_that_was_killed_after_the_seeder_had_accepted_it_goes_on_without_a_second_token(seeder, make_node):
    node = make_node(seeder, "pc-9")
    for name in ("node.toml", "node.db", "certificate.pem"):
        (node.state / name).unlink()
    again = node.join(seeder, "--app", "demo", token=seeder.token())
    assert again.code == 0, again
    assert len(seeder.nodes()) == 1


@pytest.fixture
def slower_join(seeder, fresh_node):
    """A join of pc-9 that has begun, and hears nothing of the seeder until the detour is opened."""
    node = fresh_node("pc-9")
    with wire.Detour(seeder) as detour:
        process = subprocess.Popen(
            [programs.BIN / "lanyard-node", "join", "--seeder", detour.url, "--root-digest", seeder.root_digest,
             "--token", seeder.first_token, "--app", "demo", "--name", "pc-9", "--state", node.state],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        detour.wait()

        def finish():
            detour.open()
            out, err = process.communicate(timeout=programs.PATIENCE)
            return programs.Answer(process.returncode, out, err)

        yield node, finish
        process.kill()


def test_a_slower_join_into_the_same_directory_takes_nothing_from_the_one_that_has_joined(seeder, slower_join):
    node, finish = slower_join
    assert node.join(seeder, "--app", "demo", token=seeder.first_token).code == 0
    before = states.fingerprint(node.state)
    answer = finish()
    states.refused(answer, 4)
    assert "this node has joined" in answer.err
    assert states.fingerprint(node.state) == before
    assert node.call("check").code == 0
    assert len(seeder.nodes()) == 1


def test_a_slower_join_leaves_the_key_of_one_that_was_interrupted(seeder, slower_join):
    node, finish = slower_join
    waiting = begin_join(node, seeder)
    waiting.kill()
    waiting.communicate()
    (node.state / "node.toml").unlink(missing_ok=True)  # killed a moment before it was written
    key = (node.state / "key.pem").read_bytes()
    states.refused(finish(), 4)
    assert (node.state / "key.pem").read_bytes() == key
    again = node.join(seeder, "--app", "demo", token=seeder.first_token)
    assert again.code == 0, again
    assert (node.state / "key.pem").read_bytes() == key


def test_a_join_that_is_refused_leaves_what_an_earlier_one_had_left(seeder, fresh_node):
    node = fresh_node("pc-9")
    waiting = begin_join(node, seeder)
    waiting.kill()
    waiting.communicate()
    (node.state / "node.toml").unlink(missing_ok=True)
    assert seeder.call("node", "reject", "pc-9").code == 0
    refused = node.join(seeder, "--app", "demo", "--ca-digest", wire.ca_digest(seeder), token="")
    states.refused(refused, 7)
    assert (node.state / "key.pem").exists()
    assert node.join(seeder, "--app", "demo").code == 0


def test_a_revocation_cannot_be_blocked_by_those_who_ask_under_the_same_names(seeder, make_node, fresh_node):
    """Whoever reaches the port may ask to be enrolled, under any name."""
    stolen = make_node(seeder, "pc-1")
    node_id = stolen.status().node_id
    for number, name in enumerate(("pc-1", node_id[:4], node_id[:8], node_id)):
        other = fresh_node(f"other-{number}")
        other.name = name
        joined = other.join(seeder, "--app", "demo", "--ca-digest", wire.ca_digest(seeder), "--no-wait", token="")
        assert joined.code == 0, joined
    answer = seeder.call("node", "revoke", "pc-1")
    assert answer.code == 0 and node_id in answer.out, answer
    shown = seeder.call("node", "show", node_id, "--json").json(messages.admin_pb2.EnrolledNode)
    assert (shown.node_id, shown.state) == (node_id, "revoked")
    for part in (node_id[:4], node_id[:8]):
        assert node_id in seeder.call("node", "show", part).out


def test_what_was_revoked_or_waits_in_vain_can_be_forgotten(seeder, make_node, fresh_node):
    node = make_node(seeder, "pc-1")
    states.refused(seeder.call("node", "forget", "pc-1"), 4)
    assert seeder.call("node", "revoke", "pc-1").code == 0
    assert seeder.call("node", "forget", "pc-1").code == 0
    for number in (8, 9):
        other = fresh_node(f"pc-{number}")
        other.join(seeder, "--app", "demo", "--ca-digest", wire.ca_digest(seeder), "--no-wait", token="")
    [address] = {listed.address for listed in seeder.nodes().values()}
    assert seeder.call("node", "forget", "--waiting-at", address).out == f"2 nodes are forgotten that waited at {address}.\n"
    assert seeder.nodes() == {}
    states.refused(seeder.call("node", "forget", "--waiting-at", address), 3)
    states.refused(seeder.call("node", "forget"), 2)
    assert node.call("check").code != 0, "what is forgotten is not let in"


def test_nobody_gives_orders_to_the_operators_terminal_by_the_name_of_a_node(seeder, fresh_node):
    """CSI as UTF-8 writes it, and a mark that turns the line round."""
    for name in ("pc\u009b2J", "pc\u202e1", "pc\u200b-1"):
        node = fresh_node("evil")
        node.name = name
        answer = node.join(seeder, "--app", "demo", "--ca-digest", wire.ca_digest(seeder), "--no-wait", token="")
        states.refused(answer, 7)
        assert left_nothing(node)
    assert seeder.nodes() == {} and seeder.daemon.told("fleet.pending") == []


def test_a_revoked_node_is_put_out_at_once_and_stays_out(seeder, make_node, release):
    revoked, other = make_node(seeder, "pc-1"), make_node(seeder, "pc-2")
    daemons = [revoked.run(), other.run()]
    programs.wait_until(lambda: len(seeder.status().nodes) == 2, "both nodes hold a question")
    assert seeder.call("node", "revoke", "pc-1").code == 0
    daemons[0].wait("check.failed", "revoked")  # the question that was held, within moments; it may be held for 50 s
    seeder.daemon.wait("fleet.revoked", "pc-1")
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    daemons[1].wait("attempt.committed", "1.0.0")
    assert revoked.installed("demo") is None
    seeder.daemon.stop()
    seeder.serve()
    states.refused(revoked.call("check"), 4)
    (revoked.state / "certificate.pem").unlink()
    daemons[0].stop()
    states.refused(revoked.call("check"), 7)
    assert seeder.call("node", "accept", "pc-1").code == 4


def test_control_paths_answer_over_tls_only_and_public_files_also_without(seeder, make_node, release):
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    make_node(seeder)
    for path in ("/v1/check", "/v1/report", "/v1/announce", "/v1/enroll", "/v1/admin/command"):
        assert wire.post(seeder, path, b"", plain=True)[0] == 403, path
    for path in ("/metadata/timestamp.pb", "/metadata/1.root.pb", "/healthz"):
        assert wire.post(seeder, path, None, method="GET", plain=True)[0] == 200, path
    for path in ("/v1/check", "/v1/report", "/v1/announce"):
        assert wire.post(seeder, path, b"")[0] in (400, 401), path


def test_two_seeders_have_no_key_and_no_token_in_common(make_seeder, fresh_address):
    one, two = make_seeder("one"), make_seeder("two", address="127.77.0.2")
    for name in sorted(path.name for path in (one.state / "keys").iterdir()):
        assert (one.state / "keys" / name).read_bytes() != (two.state / "keys" / name).read_bytes(), name
    assert wire.ca_digest(one) != wire.ca_digest(two)
    assert states.token_secret(one.first_token) != states.token_secret(two.first_token)


def test_the_join_line_is_a_qr_code_too_if_asked_for(seeder):
    answer = seeder.call("token", "new", "--qr")
    assert answer.code == 0
    lines = [line for line in answer.out.splitlines() if "\u2580" in line or "\u2584" in line or "\u2588" in line]
    assert len(lines) > 20
    assert len({len(re.sub("\x1b\\[[0-9;]*m", "", line)) for line in lines}) == 1


def test_an_impostor_with_a_ca_of_its_own_gets_no_word_from_a_node(make_seeder, make_node, release, tmp_path):
    """S05: another CA at the seeder's address; then a listener without TLS: no plaintext retry."""
    honest = make_seeder()
    honest.serve()
    node = make_node(honest)
    honest.daemon.stop()
    impostor = make_seeder("impostor", address=honest.address)
    impostor.serve()
    answer = node.call("check")
    states.refused(answer, 7)
    assert "sha256" in answer.err or "CA" in answer.err
    assert impostor.daemon.told("fleet.report") == [] and impostor.nodes() == {}
    impostor.daemon.stop()
    with wire.Listener(honest.address, honest.port) as listener:
        assert node.call("check").code in (6, 7)
    assert listener.heard and all(heard.startswith(b"\x16\x03") for heard in listener.heard)
    honest.serve()
    assert node.call("check").code == 0
