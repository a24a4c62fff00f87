"""People with a certificate of their own: publishing and operating over the network and at the local socket."""
import hashlib
import os
import stat
import subprocess

import pytest

from harness import drills, messages, payloads, programs, states, wire

admin_pb2, status_pb2 = messages.admin_pb2, messages.status_pb2


class People(dict):
    """The file of an operator of each role, made when it is asked for."""

    def __init__(self, seeder, place):
        super().__init__()
        self.seeder, self.place = seeder, place

    def __missing__(self, role):
        self[role] = self.seeder.operator(f"the-{role}", role, self.place)
        return self[role]


@pytest.fixture
def people(seeder, tmp_path):
    return People(seeder, tmp_path)


def audit(seeder):
    return list(seeder.call("audit", "--json").json(admin_pb2.AuditList).lines)


def test_a_publisher_publishes_over_the_network_and_a_node_installs_it(seeder, people, make_node, release, free_port):
    node = make_node(seeder)
    daemon = node.run()
    source = release("1.0.0")
    answer = seeder.remote(people["publisher"], "publish", source, "--app", "demo", "--version", "1.0.0",
                           *payloads.service(free_port), "--json")
    published = answer.json(status_pb2.PublishResult).release
    daemon.wait("attempt.committed", "1.0.0")
    assert payloads.answer(free_port) == "1.0.0"
    assert payloads.tree_hash(node.home("demo") / "current") == payloads.tree_hash(source)
    assert (published.app, published.version, published.state) == ("demo", "1.0.0", "live")
    seeder.daemon.wait("operator.action", "operator the-publisher from")
    assert not any((seeder.state / "uploads").iterdir())


@pytest.mark.parametrize("form", ["tar.gz", "zip", "file"])
def test_every_form_of_payload_can_be_published_over_the_network(form, seeder, people, make_node, release, tmp_path):
    source = release("1.0.0")
    payload = payloads.blob(tmp_path / "tool", 500_000) if form == "file" else payloads.archive(source, form)
    answer = seeder.remote(people["publisher"], "publish", payload, "--app", "demo", "--version", "1.0.0")
    assert answer.code == 0, answer
    make_node(seeder).run().wait("attempt.committed", "1.0.0")


def test_what_a_publish_here_would_refuse_is_refused_there_with_the_same_words(seeder, people, release):
    payload = release("1.0.0")
    order = ["publish", payload, "--app", "demo", "--version", "one"]
    here, there = seeder.call(*order), seeder.remote(people["publisher"], *order)
    states.refused(there, 2)
    assert here.err == there.err
    seeder.publish(payload, "demo", "1.0.0")
    again = ["publish", payload, "--app", "demo", "--version", "1.0.0"]
    here, there = seeder.call(*again), seeder.remote(people["publisher"], *again)
    assert (there.code, there.err) == (here.code, here.err) and there.code == 4


def test_commands_say_the_same_here_and_there(seeder, people, make_node, release):
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    make_node(seeder, "pc-1")
    for command in (["release", "list"], ["release", "show", "demo", "1.0.0"], ["node", "list"], ["node", "show", "pc-1"],
                    ["token", "list"], ["status"]):
        for form in ([], ["--json"]):
            here, there = seeder.call(*command, *form), seeder.remote(people["viewer"], *command, *form)
            assert (there.code, there.out) == (0, here.out), command


def test_an_operator_runs_the_fleet_over_the_network(seeder, people, make_node, tmp_path, fresh_address, started):
    made = seeder.remote(people["operator"], "token", "new", "--json").json(admin_pb2.TokenResult)
    node = programs.Node(tmp_path / "pc-9", "pc-9", fresh_address, 9009)
    started.append(node)
    assert node.join(seeder, "--app", "demo", token=made.token).code == 0
    daemon = node.run()
    programs.wait_until(lambda: seeder.status().nodes, "it holds a question")
    assert seeder.remote(people["operator"], "node", "revoke", "pc-9").code == 0
    daemon.wait("check.failed", "revoked")
    assert seeder.remote(people["operator"], "token", "revoke", made.info.id).code == 0
    lines = [(line.who, line.what, line.outcome) for line in audit(seeder)]
    assert ("operator the-operator", "revoke node pc-9", "done") in lines
    assert ("operator the-operator", f"revoke token {made.info.id}", "done") in lines


def test_a_publish_over_the_network_goes_into_the_role_that_it_names(seeder, people, make_node, release, tmp_path):
    programs.call("lanyard-sign", "generate", seeder.state / "keys" / "role-shop-team.pem")
    key = seeder.state / "keys" / "role-shop-team.pub"
    assert seeder.call("delegation", "add", "shop-team", "--paths", "shop/*/*/*/*", "--key", key).code == 0
    order = ["publish", release("1.0.0"), "--app", "shop", "--version", "1.0.0", "--role"]
    states.refused(seeder.remote(people["publisher"], *order, "nobody"), 3)
    answer = seeder.remote(people["publisher"], *order, "shop-team")
    assert answer.code == 0, answer
    [listed] = seeder.call("release", "list", "--json").json(status_pb2.ReleaseList).releases
    assert (listed.role, listed.state) == ("shop-team", "live")
    assert "publish shop 1.0.0 in the role shop-team" in {line.what for line in audit(seeder)}
    make_node(seeder, app="shop").run().wait("attempt.committed", "1.0.0")


def test_orders_about_keys_and_delegations_are_written_down_as_well(make_seeder, tmp_path):
    seeder = make_seeder(init=False)
    seeder.init("--offline-targets", "--key-dir", tmp_path / "keys")
    team = tmp_path / "team.pem"
    programs.call("lanyard-sign", "generate", team)
    signed = tmp_path / "asked.signed"

    def sign_and_import(answer):
        signed.unlink(missing_ok=True)
        asked = answer.json(status_pb2.DelegationList).request
        key = tmp_path / "keys" / "targets.pem"
        signing = programs.call("lanyard-sign", "sign", asked, "--key", key, "--root-digest", seeder.root_digest, "--out",
                                signed, "--yes")
        assert signing.code == 0, signing
        assert seeder.call("import", signed).code == 0

    assert seeder.call("key", "rotate", "--role", "timestamp", "--role", "snapshot").code == 0
    assert seeder.call("key", "renew", "--role", "root").code == 0
    sign_and_import(seeder.call("delegation", "add", "team", "--paths", "shop/*/*/*/*", "--key", team.with_suffix(".pub"),
                                "--json"))
    assert seeder.call("delegation", "renew", "team").code == 0  # asks
    sign_and_import(seeder.call("delegation", "remove", "team", "--json"))
    programs.call("lanyard-sign", "generate", tmp_path / "second.pem")
    assert seeder.call("key", "rotate", "--role", "root", "--key", seeder.state / "keys" / "root.pem", "--key",
                       tmp_path / "second.pub").code == 0
    second = drills.keys(seeder)["root"][1][:8]
    assert seeder.call("key", "revoke", "--role", "root", "--key", second).code == 0
    states.refused(seeder.call("key", "rotate", "--role", "nothing"), 2)
    lines = audit(seeder)[::-1]
    assert {line.source for line in lines} == {"here"} and {line.outcome for line in lines} == {"done"}
    told = [line.what for line in lines]
    for what in ("rotate the keys of timestamp, snapshot", "renew root", "delegate shop/*/*/*/* to team", "import asked.signed",
                 "renew delegated role team", "remove the delegation to team", "rotate the keys of root",
                 f"revoke key {second} of root"):
        assert what in told, told
    assert not any("nothing" in what for what in told), "what was refused here has changed nothing"


def test_withdrawing_over_the_network_stops_a_release(seeder, people, make_node, release):
    for version in ("1.0.0", "2.0.0"):
        seeder.publish(release(version), "demo", version)
    assert seeder.remote(people["publisher"], "release", "withdraw", "demo", "2.0.0").code == 0
    make_node(seeder).run().wait("attempt.committed", "1.0.0")


ORDERS = {
    "viewer": [["publish", "{payload}", "--app", "demo", "--version", "1.0.0"], ["release", "withdraw", "demo", "0.9.0"],
               ["token", "new"], ["node", "revoke", "pc-1"], ["node", "forget", "pc-1"],
               ["node", "forget", "--waiting-at", "127.0.0.1"], ["audit"]],
    "publisher": [["token", "new"], ["token", "revoke", "12345678"], ["node", "accept", "pc-1"],
                  ["node", "revoke", "pc-1"], ["audit"]],
}


@pytest.mark.parametrize("role", ORDERS)
def test_a_role_allows_nothing_beyond_it_and_whoever_tries_is_written_down(role, seeder, people, make_node, release):
    """S01, D03: wrong role."""
    payload = release("0.9.0")
    seeder.publish(payload, "demo", "0.9.0")
    make_node(seeder, "pc-1")
    before = (seeder.call("release", "list").out, seeder.call("node", "list").out, seeder.call("token", "list").out)
    for order in ORDERS[role]:
        filled = [word.format(payload=payload) for word in order]
        answer = seeder.remote(people[role], *filled)
        states.refused(answer, 7)
        assert f"the role {role}" in answer.err
    assert before == (seeder.call("release", "list").out, seeder.call("node", "list").out,
                      seeder.call("token", "list").out)
    refused = [line for line in audit(seeder) if line.refused]
    assert len(refused) == len(ORDERS[role])
    assert {line.who for line in refused} == {f"operator the-{role}"}
    assert {line.source for line in refused} == {"127.0.0.1"}
    programs.wait_until(lambda: len(seeder.daemon.told("operator.refused")) == len(refused), "each has its event")


def test_publishing_needs_the_certificate_of_an_operator_of_this_fleet(make_seeder, make_node, tmp_path):
    """S01: none, self-signed, another CA's, expired, not an operator's, unknown though the CA's key has signed it."""
    seeder, other = make_seeder(), make_seeder("other", address="127.78.0.2")
    seeder.serve()
    node = make_node(seeder)
    forge = wire.Forge(tmp_path / "forge")
    ours = (seeder.state / "ca.crt", seeder.state / "keys" / "ca.pem")
    theirs = (other.state / "ca.crt", other.state / "keys" / "ca.pem")
    anna = seeder.operator("anna", "publisher", tmp_path)
    request = admin_pb2.AdminRequest(list_releases=admin_pb2.ListReleases()).SerializeToString()

    def ask(certificate, key=None):
        try:
            return wire.post(seeder, "/v1/admin/command", request, certificate, key)[0]
        except OSError:
            return "the handshake failed"

    assert ask(anna) == 200
    refused = (401, 403, "the handshake failed")
    assert ask(None) in refused
    assert ask(forge.self_signed("anna")) in refused
    (tmp_path / "elsewhere").mkdir()
    assert ask(other.operator("anna", "operator", tmp_path / "elsewhere")) in refused
    assert ask(forge.signed_by(*theirs, "eve", "20200101000000Z", "20990101000000Z")) in refused
    assert ask(forge.signed_by(*ours, "late", "20200101000000Z", "20210101000000Z")) in refused
    assert ask(forge.signed_by(*ours, "early", "20980101000000Z", "20990101000000Z")) in refused
    assert ask(forge.signed_by(*ours, "unlisted", "20200101000000Z", "20990101000000Z")) in refused
    assert ask(node.state / "certificate.pem", node.state / "key.pem") in refused
    assert ask(anna) == 200, "nobody else's refusal is hers"


def test_no_user_has_a_password_and_no_path_answers_to_one(seeder):
    """S01: the default credentials search."""
    for user, word in (("admin", "admin"), ("root", "root"), ("admin", "password"), ("lanyard", "lanyard")):
        for path in ("/v1/admin/command", "/v1/admin/upload", "/admin", "/login", "/"):
            status, _ = wire.post(seeder, f"{path}?user={user}&password={word}", f"{user}:{word}".encode())
            assert status in (400, 401, 403, 404), (path, status)
    sources = (programs.BIN / "lanyard-seeder").read_bytes() + (programs.BIN / "lanyard-node").read_bytes()
    assert b"-----BEGIN PRIVATE KEY-----\nM" not in sources and b"-----BEGIN EC PRIVATE" not in sources


def test_a_revoked_operator_is_refused_at_the_next_request(seeder, people):
    assert seeder.remote(people["operator"], "status").code == 0
    place = seeder.daemon.count()
    assert seeder.call("operator", "revoke", "the-operator").code == 0
    seeder.daemon.wait("operator.action", "revoke operator the-operator", after=place)
    answer = seeder.remote(people["operator"], "status")
    states.refused(answer, 7)
    assert "revoked" in answer.err


def test_an_operators_file_is_for_its_owner_only_and_its_key_is_kept_nowhere_else(seeder, people):
    for file in people.values():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        key = file.read_text().partition("-----END PRIVATE KEY-----")[0].encode()
        for path in seeder.state.rglob("*"):
            assert not path.is_file() or key not in path.read_bytes(), path
    states.refused(seeder.call("operator", "add", "the-viewer", "--role", "viewer", "--out", people["viewer"].parent), 4)


def test_a_seeder_of_another_ca_is_not_told_an_order(make_seeder, tmp_path):
    honest = make_seeder()
    anna = honest.operator("anna", "operator", tmp_path)
    impostor = make_seeder("impostor", address=honest.address)
    impostor.serve()
    answer = honest.remote(anna, "token", "new")
    states.refused(answer, 7)
    assert audit(impostor) == []


def test_the_local_socket_needs_no_certificate_and_asks_the_kernel_who_comes(seeder, release):
    socket = seeder.state / "seeder.sock"
    assert stat.S_ISSOCK(socket.stat().st_mode) and stat.S_IMODE(socket.stat().st_mode) == 0o660
    answer = programs.call("lanyard-seeder", "publish", release("1.0.0"), "--app", "demo", "--version", "1.0.0",
                           "--remote", socket)
    assert answer.code == 0, answer
    assert "demo" in programs.call("lanyard-seeder", "release", "list", "--remote", socket).out
    for relative in (os.path.relpath(socket), os.path.relpath(socket).removeprefix("./")):
        assert "demo" in programs.call("lanyard-seeder", "release", "list", "--remote", relative).out
    [line] = audit(seeder)
    assert (line.source, line.what, line.outcome) == ("socket", "publish demo 1.0.0", "done")
    assert line.who.startswith("user ")
    seeder.daemon.stop()
    assert not socket.exists()
    states.refused(programs.call("lanyard-seeder", "status", "--remote", socket), 6)


WRONG = {
    "no identity": (["status", "--remote", "{url}"], 2),
    "an identity that is none": (["status", "--remote", "{url}", "--identity", "/etc/hostname"], 2),
    "an identity that is not there": (["status", "--remote", "{url}", "--identity", "/nowhere"], 2),
    "a URL without TLS": (["status", "--remote", "http://127.0.0.1:8430", "--identity", "{file}"], 2),
    "nobody there": (["status", "--remote", "https://127.0.0.1:9", "--identity", "{file}"], 6),
    "a command for the state directory only": (["init", "--remote", "{url}", "--identity", "{file}"], 2),
    "a payload that is not there": (
        ["publish", "/nowhere", "--app", "a", "--version", "1.0.0", "--remote", "{url}", "--identity", "{file}"], 2),
    "a passphrase file for a key that is elsewhere": (
        ["publish", "/etc/hostname", "--app", "a", "--version", "1.0.0", "--passphrase-file", "/etc/hostname", "--remote",
         "{url}", "--identity", "{file}"], 2),
    "the same for a withdrawal": (["release", "withdraw", "a", "1.0.0", "--passphrase-file", "/etc/hostname", "--remote",
                                   "{url}", "--identity", "{file}"], 2),
    "a role that is none": (["operator", "add", "x", "--role", "king"], 2),
    "a name that is a path": (["operator", "add", "../x", "--role", "viewer"], 2),
    "a time that is none": (["token", "new", "--valid", "soon"], 2),
    "no use at all": (["token", "new", "--uses", "0"], 2),
    "a node that is not there": (["node", "accept", "nosuch"], 3),
    "a token that is not there": (["token", "revoke", "nosuch"], 3),
    "an operator who is not there": (["operator", "revoke", "nosuch"], 3),
    "a state that is none": (["node", "list", "--state-is", "happy"], 2),
}


@pytest.mark.parametrize("what", WRONG)
def test_is_refused(what, seeder, tmp_path):
    arguments, code = WRONG[what]
    file = seeder.operator("anna", "operator", tmp_path)
    before = states.fingerprint(seeder.state)
    answer = programs.call("lanyard-seeder", *(a.format(url=seeder.url, file=file) for a in arguments), "--state",
                           seeder.state)
    states.refused(answer, code)
    assert states.fingerprint(seeder.state) == before


def test_an_upload_that_broke_off_goes_on_and_a_changed_one_is_refused(seeder, people, tmp_path):
    payload = payloads.blob(tmp_path / "tool", 300_000)
    digest = hashlib.sha256(payload.read_bytes()).hexdigest()
    path = f"/v1/admin/upload?name={digest}"
    assert wire.post(seeder, f"{path}&offset=0", payload.read_bytes()[:50_000], people["publisher"])[0] == 200
    assert wire.post(seeder, path, None, people["publisher"], method="GET")[1].strip() == b"50000"
    answer = seeder.remote(people["publisher"], "publish", payload, "--app", "tool", "--version", "1.0.0")
    assert answer.code == 0, answer
    other = payloads.blob(tmp_path / "other", 200_000)
    name = hashlib.sha256(other.read_bytes()).hexdigest()
    assert wire.post(seeder, f"/v1/admin/upload?name={name}&offset=0", b"x" * 60_000, people["publisher"])[0] == 200
    answer = seeder.remote(people["publisher"], "publish", other, "--app", "tool", "--version", "1.1.0")
    states.refused(answer, 2)
    assert "SHA-256" in answer.err
    answer = seeder.remote(people["publisher"], "publish", other, "--app", "tool", "--version", "1.1.0")
    assert answer.code == 0, answer


def publishing(seeder, payload, version, where):
    """A publish on its way; the seeder has begun to take it in."""
    process = subprocess.Popen(
        [str(programs.BIN / "lanyard-seeder"), "publish", str(payload), "--app", "tool", "--version", version, "--type",
         "file", "--remote", str(where)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    packages = seeder.state / "public" / "packages"
    programs.wait_until(lambda: any(path.name.startswith(".incoming") for path in packages.iterdir()), "it is taken in")
    return process


def test_a_seeder_told_to_stop_in_a_publish_says_what_became_of_it_and_changes_nothing(make_seeder, tmp_path):
    seeder = make_seeder()
    seeder.serve()
    socket = seeder.state / "seeder.sock"
    payload = payloads.blob(tmp_path / "tool", 96_000_000)
    before = states.fingerprint(seeder.state / "public")
    client = publishing(seeder, payload, "1.0.0", socket)
    assert seeder.daemon.stop() == 0
    out, err = client.communicate(timeout=programs.PATIENCE)
    assert (client.returncode, out) == (6, "") and "being stopped" in err and "publish again" in err, err
    after = states.fingerprint(seeder.state / "public")
    assert {name: what for name, what in after.items() if "metadata" not in name} == {
        name: what for name, what in before.items() if "metadata" not in name}
    [line] = audit(seeder)
    assert line.what == "publish tool 1.0.0" and line.outcome.startswith("failed: ") and "stopped" in line.outcome
    assert not list(seeder.call("release", "list", "--json").json(status_pb2.ReleaseList).releases)
    seeder.serve()
    again = programs.call("lanyard-seeder", "publish", payload, "--app", "tool", "--version", "1.0.0", "--type", "file",
                          "--remote", socket)
    assert again.code == 0, again


def test_a_publish_whose_seeder_dies_is_not_given_twice_and_said_to_be_open(make_seeder, tmp_path):
    seeder = make_seeder()
    seeder.serve()
    client = publishing(seeder, payloads.blob(tmp_path / "tool", 96_000_000), "1.0.0", seeder.state / "seeder.sock")
    seeder.daemon.kill()
    _, err = client.communicate(timeout=programs.PATIENCE)
    assert client.returncode == 6 and "not known whether" in err and "release list" in err, err
