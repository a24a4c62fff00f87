"""An independent verifier (foreign_tuf: Python, cryptography, no code of ours) judges what the seeder serves, and agrees
with the node about hundreds of repositories that were tampered with: the verdict, the reason, and what is kept."""
import random
import re
import shutil
import sqlite3
import time
from urllib.parse import quote

import pytest

from evil.gate import Attack, Gate
from evil.siege import served_with
from foreign_tuf import client, delegations, forge, mutations, payloads
from harness import programs, wire

# How the node says what an attack would have been; whatever is none of these is malformed.
SAYS = [("arbitrary software", r"arbitrary software"), ("freeze", r"\(freeze\)"), ("rollback", r"\(rollback\)"),
        ("mix-and-match", r"\(mix-and-match\)"), ("endless data", r"endless data|has \d+ bytes (where|and may)"),
        ("wrong role", r"its payload is of type"), ("wrong repository", r"another repository"),
        ("version gap", r"cannot follow"), ("unknown field", r"critical field"),
        ("unsupported spec", r"version \d+ of the specification"), ("missing", r"status 404"),
        ("no such target", r"the manifest has no target|which the snapshot does not name")]


def opinion(trusted, repository, path=None):
    """None when all is believed (and the path is found, if there is one), else the Refused."""
    try:
        judge = client.Client(trusted, int(time.time()))
        judge.refresh(repository.fetch)
        if path and not judge.find(path, repository.fetch):
            return payloads.Refused("no such target", path)
    except payloads.Refused as refused:
        return refused
    return None


def test_it_believes_what_the_seeder_serves_from_init_through_publish_and_withdrawal(make_seeder, release):
    seeder = make_seeder()
    first = forge.Repository.of_seeder(seeder.state).files["1.root.pb"]
    trusted = {"root": first}

    def paths():
        served = forge.Repository.of_seeder(seeder.state)
        return {target.path for target in client.Client(trusted, int(time.time())).refresh(served.fetch).targets}

    assert paths() == set()
    one = seeder.publish(release("1.0.0"), "demo", "1.0.0")
    assert paths() == {one.path}
    two = seeder.publish(release("2.0.0"), "demo", "2.0.0")
    assert paths() == {one.path, two.path}
    assert seeder.call("release", "withdraw", "demo", "1.0.0").code == 0
    assert paths() == {two.path}


class Office:
    """A node that has refreshed once, and a gate at which tampered repositories are served to copies of it."""

    def __init__(self, place, address):
        self.place, self.copies = place, 0
        self.seeder = programs.Seeder(place / "seeder", address, port=8440)
        self.seeder.url = self.seeder.url.replace(":8440", ":8430")
        self.seeder.init()
        for version in ("1.0.0", "2.0.0"):
            (place / "payload").write_text(f"#!/bin/sh\necho {version}\n")
            self.seeder.publish(place / "payload", "demo", version, "--platform", "any/any")
            if version == "1.0.0":
                self.old = forge.Repository.of_seeder(self.seeder.state, forge.ROLES)
        self.honest = forge.Repository.of_seeder(self.seeder.state, forge.ROLES)
        self.gate = Gate(address, 8430, 8440, served_with(*wire.Forge(place / "forge").server(self.seeder, address)))
        self.node = programs.Node(place / "node", "node", address)
        self.seeder.serve()
        assert self.node.join(self.seeder, "--app", "demo").code == 0
        assert self.node.call("check").code == 0
        self.seeder.daemon.stop()
        self.base = self.kept(self.node.state)
        assert set(self.base) == set(forge.ROLES)

    @staticmethod
    def kept(state):
        with sqlite3.connect(f"file:{state}/node.db?mode=ro", uri=True) as database:
            kept = dict(database.execute("SELECT role, envelope FROM metadata_role"))
            [kept["root"]] = database.execute(
                "SELECT envelope FROM metadata_root ORDER BY version DESC LIMIT 1").fetchone()
        return kept

    def judged_by_both(self, repository, path=None):
        """Asserts that they agree; gives the common verdict."""
        offers = [("demo", "3.0.0", path)] if path else []
        self.gate.besiege(Attack({quote(name): data for name, data in repository.files.items()}, releases=offers))
        self.copies += 1
        node = programs.Node(self.place / f"copy-{self.copies}", "copy", self.node.address)
        shutil.copytree(self.node.state, node.state, ignore=shutil.ignore_patterns("*.sock", "lock"))
        answer = node.call("check")
        mine = dict(self.base)
        refused = opinion(mine, repository, path)
        said = next((name for name, words in SAYS if re.search(words, answer.err)), "malformed")
        if refused is None:
            assert answer.code == 0, f"only the node refuses: {answer.err}"
            assert path is None or "3.0.0" in answer.out, answer
        else:
            assert answer.code in (3, 7) and said == refused.attack, f"{refused} here, there {said}: {answer}"
            assert refused.role in answer.err, f"{refused}: {answer.err}"
        assert self.kept(node.state) == mine, "they keep different files"
        shutil.rmtree(node.state)
        return refused.attack if refused else "believed"


@pytest.fixture(scope="module")
def offices():
    made = []
    yield made
    for office in made:
        office.gate.stop()


@pytest.fixture
def office(offices, tmp_path_factory, fresh_address):
    if not offices:
        offices.append(Office(tmp_path_factory.mktemp("office"), fresh_address))
    return offices[0]


@pytest.mark.parametrize("what", mutations.MUTATIONS)
def test_both_judge_alike(what, office):
    repository = office.honest.copy()
    mutations.MUTATIONS[what](repository, office)
    office.judged_by_both(repository)


@pytest.mark.parametrize("what", delegations.DELEGATIONS)
def test_both_judge_a_delegation_alike(what, office):
    repository = office.honest.copy()
    path = delegations.DELEGATIONS[what](repository, office)
    verdict = office.judged_by_both(repository, path)
    assert (verdict == "believed") == (what in delegations.BELIEVED), verdict


@pytest.mark.parametrize("seed", range(6))
def test_both_judge_alike_what_chance_has_made(seed, office):
    dice, seen = random.Random(seed), set()
    for _ in range(40):
        repository = office.honest.copy()
        mutations.at_random(repository, office, dice)
        seen.add(office.judged_by_both(repository))
    assert len(seen) > 2, seen
