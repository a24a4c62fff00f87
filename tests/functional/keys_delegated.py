"""Delegations: a team signs its own application, and no other. The page docs/how-to/delegations.md runs as it stands."""
import shutil

from harness import drills, forgery, messages, programs, states


def sign(*arguments):
    answer = programs.call("lanyard-sign", *arguments)
    assert answer.code == 0, answer
    return answer


def delegate(seeder, tmp_path, *more):
    sign("generate", tmp_path / "team.pem")
    answer = seeder.call("delegation", "add", "shop-team", "--paths", "shop/*/*/*/*", "--key", tmp_path / "team.pub",
                         *more)
    assert answer.code == 0, answer


def test_the_page_leads_to_a_release_that_the_team_has_signed(make_seeder, make_node, release, tmp_path):
    seeder = make_seeder()
    seeder.serve()
    node = make_node(seeder, app="shop", poll_seconds=1)
    daemon = node.run()
    page = drills.page("delegations", tmp_path / "page", seeder)
    assert "shop-team" in page.run()
    shutil.copytree(release("1.0.0"), page.place / "build", symlinks=True)
    page.set(ROOT_DIGEST=seeder.root_digest)
    assert "shop 1.0.0 on stable: live" in page.run()
    assert page.finished()
    daemon.wait("attempt.committed", "1.0.0")
    [listed] = seeder.call("release", "list", "--json").json(messages.status_pb2.ReleaseList).releases
    assert listed.role == "shop-team"


def test_with_its_key_here_the_seeder_signs_for_the_role(make_seeder, make_node, release, tmp_path):
    seeder = make_seeder()
    delegate(seeder, tmp_path)
    shutil.copy(tmp_path / "team.pem", seeder.state / "keys" / "role-shop-team.pem")
    (seeder.state / "keys" / "targets.pem").rename(tmp_path / "targets.pem")
    seeder.publish(release("1.0.0"), "shop", "1.0.0", "--role", "shop-team")
    seeder.publish(release("1.1.0"), "shop", "1.1.0", "--role", "shop-team")
    seeder.serve()
    node = make_node(seeder, app="shop", poll_seconds=1)
    daemon = node.run()
    daemon.wait("attempt.committed", "1.1.0")
    assert seeder.call("release", "withdraw", "shop", "1.1.0").code == 0
    [live] = [info for info in seeder.call("release", "list", "--json").json(messages.status_pb2.ReleaseList).releases
              if info.state == "live"]
    assert live.version == "1.0.0"


def test_a_role_names_nothing_but_what_was_delegated_to_it(make_seeder, release, tmp_path):
    seeder = make_seeder()
    delegate(seeder, tmp_path)
    shutil.copy(tmp_path / "team.pem", seeder.state / "keys" / "role-shop-team.pem")
    before = seeder.status().revision
    other = seeder.call("publish", release("1.0.0"), "--app", "demo", "--version", "1.0.0", "--role", "shop-team")
    assert other.code == 3, other  # no node would find it
    unknown = seeder.call("publish", release("1.1.0"), "--app", "shop", "--version", "1.0.0", "--role", "nobody")
    states.refused(unknown, 3)
    assert seeder.status().revision == before


def test_what_the_team_signs_for_another_application_reaches_no_node(make_seeder, make_node, release, tmp_path):
    """The team's key, a stolen seeder with its online keys, and a release of an application that is not the team's."""
    seeder = make_seeder()
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    delegate(seeder, tmp_path)
    shutil.copy(tmp_path / "team.pem", seeder.state / "keys" / "role-shop-team.pem")
    seeder.publish(release("2.0.0"), "shop", "2.0.0", "--role", "shop-team")
    seeder.serve()
    node = make_node(seeder)
    drills.accepted(node)
    thief = forgery.StolenSeeder(seeder, "snapshot", "timestamp")
    team = forgery.payload(thief.newest("shop-team"), messages.metadata_pb2.Targets)
    stolen = forgery.payload(thief.newest("targets"), messages.metadata_pb2.Targets).targets[0]
    stolen.version, stolen.path = "9.0.0", stolen.path.replace("1.0.0", "9.0.0")
    team.version += 1
    team.targets.append(stolen)
    data = forgery.envelope("targets", team, tmp_path / "team.pem")
    thief.put(f"{team.version}.shop-team.pb", data)
    snapshot = forgery.payload(thief.newest("snapshot"), messages.metadata_pb2.Snapshot)
    snapshot.version += 1
    forgery.refer(next(meta for meta in snapshot.metas if meta.name == "shop-team"), team.version, data)
    data = forgery.envelope("snapshot", snapshot, thief.keys["snapshot"])
    thief.put(f"{snapshot.version}.snapshot.pb", data)
    thief.timestamp(100, (snapshot.version, data))
    offers = node.call("check", "--json").json(messages.status_pb2.CheckResult).offers
    assert [offer.to_version for offer in offers if offer.to_version == "9.0.0"] == []


def test_a_delegation_is_changed_and_taken_back(make_seeder, release, tmp_path):
    seeder = make_seeder()
    delegate(seeder, tmp_path)
    shutil.copy(tmp_path / "team.pem", seeder.state / "keys" / "role-shop-team.pem")
    seeder.publish(release("1.0.0"), "shop", "1.0.0", "--role", "shop-team")
    states.refused(seeder.call("delegation", "remove", "shop-team"), 4)
    sign("generate", seeder.state / "keys" / "role-shop-team-2.pem")
    answer = seeder.call("delegation", "add", "shop-team", "--paths", "shop/*/*/*/*", "--paths", "till/*/*/*/*", "--key",
                         seeder.state / "keys" / "role-shop-team-2.pub", "--json")
    [changed] = answer.json(messages.status_pb2.DelegationList).delegations
    assert (changed.version, len(changed.paths), changed.threshold) == (2, 2, 1), "the new key has signed it anew"
    seeder.publish(release("1.1.0"), "till", "1.1.0", "--role", "shop-team")
    for app, version in (("shop", "1.0.0"), ("till", "1.1.0")):
        assert seeder.call("release", "withdraw", app, version).code == 0
    assert seeder.call("delegation", "remove", "shop-team").code == 0
    assert seeder.call("delegation", "list").out.strip() == "Nothing is delegated."
    seeder.publish(release("2.0.0"), "shop", "2.0.0")


def test_bad_delegations_are_refused(seeder, tmp_path):
    sign("generate", tmp_path / "team.pem")
    key = ("--key", tmp_path / "team.pub")
    paths = ("--paths", "shop/*/*/*/*")
    for arguments in (("root", *paths, *key), ("../x", *paths, *key), (".x", *paths, *key), ("x" * 65, *paths, *key),
                      ("team", *paths, *key, "--threshold", "2"), ("team", *paths, *key, *key), ("team", *paths),
                      ("team", *key), ("team", *paths, "--key", tmp_path / "team.nothing")):
        states.refused(seeder.call("delegation", "add", *arguments), 2, 5)
    states.refused(seeder.call("delegation", "remove", "team"), 3)
    assert seeder.status().revision == 1


def test_the_key_of_another_team_with_a_longer_name_is_left_alone(make_seeder, release, tmp_path):
    """keys/role-shop-team.pem lies under a passphrase that nobody knows here; the role shop does not need it."""
    seeder = make_seeder()
    keys = seeder.state / "keys"
    passphrase = tmp_path / "pass"
    passphrase.write_text("correct horse\n")
    passphrase.chmod(0o600)
    sign("generate", keys / "role-shop.pem")
    sign("generate", keys / "role-shop-team.pem", "--passphrase-file", passphrase)
    for role in ("shop", "shop-team"):
        answer = seeder.call("delegation", "add", role, "--paths", f"{role}/*/*/*/*", "--key", keys / f"role-{role}.pub")
        assert answer.code == 0, answer
    seeder.publish(release("1.0.0"), "shop", "1.0.0", "--role", "shop")
    command = ("publish", release("1.1.0"), "--app", "shop-team", "--version", "1.0.0", "--role", "shop-team")
    states.refused(seeder.call(*command), 2)
    answer = seeder.call(*command, "--passphrase-file", passphrase)
    assert answer.code == 0, answer
