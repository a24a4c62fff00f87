"""Repositories in which targets are delegated: as they should be, and as they should not. Each function changes a
forge.Repository and gives the path that is on offer."""
from harness import messages

from . import forge

TEAM = "demo/stable/*/any-any/*"


def delegated(repository, office, name="team", paths=(TEAM,), **options):
    """Team's own release 3.0.0 of demo; gives its target."""
    target = messages.metadata_pb2.Target()
    target.CopyFrom(office.honest.payload("targets").targets[0])
    target.path = target.path.replace(target.version, "3.0.0")
    target.version, target.release_counter = "3.0.0", 1000
    key = options.pop("key", None) or forge.new_key()
    repository.delegate(name, list(paths), [key], options.pop("targets", [target]), **options)
    repository.refer()
    return target


def plain(**options):
    return lambda repository, office: delegated(repository, office, **options).path


def signed_by(who):
    """The delegated role is signed again, by somebody else's key."""
    def change(repository, office):
        path = delegated(repository, office).path
        payload = forge.opened("targets", repository.newest("team"))
        repository.seal_targets("team", payload, [who(repository)])
        repository.refer()
        return path

    return change


def edited(edit, refer=True):
    def change(repository, office):
        path = delegated(repository, office).path
        payload = forge.opened("targets", repository.newest("team"))
        edit(payload)
        repository.seal_targets("team", payload)
        if refer:
            repository.refer()
        return path

    return change


def without_file(repository, office):
    path = delegated(repository, office).path
    del repository.files["1.team.pb"]
    return path


def not_in_the_snapshot(repository, office):
    path = delegated(repository, office).path
    del repository.keys["team"]
    repository.refer()
    return path


def behind(terminating):
    """Another delegation of the same paths comes first, and knows nothing."""
    def change(repository, office):
        delegated(repository, office, name="first", targets=[], terminating=terminating)
        return delegated(repository, office).path

    return change


def by_way_of_another(paths):
    def change(repository, office):
        delegated(repository, office, name="department", paths=paths, targets=[])
        return delegated(repository, office, by="department").path

    return change


def in_a_circle(repository, office):
    """Two roles that delegate to each other; the path is nowhere."""
    key = forge.new_key()
    delegated(repository, office, name="one", targets=[], key=key)
    delegated(repository, office, name="two", targets=[], key=key, by="one")
    holder = forge.opened("targets", repository.newest("two"))
    holder.keys.append(forge.public(key))
    holder.delegations.add(name="one", keyids=[forge.key_id(key)], threshold=1, paths=[TEAM])
    holder.version += 1
    repository.seal_targets("two", holder)
    repository.refer()
    return "demo/stable/3.0.0/any-any/demo-3.0.0.bin"


def renamed(name):
    return lambda repository, office: delegated(repository, office, name=name).path


DELEGATIONS = {
    "as it should be": plain(),
    "with a wildcard that does not cross a slash": plain(paths=["demo/*"]),
    "with question marks": plain(paths=["demo/stable/?.?.?/any-any/demo-?.?.?.bin"]),
    "of other paths": plain(paths=["other/*/*/*/*"]),
    "of paths in other letters": plain(paths=[TEAM.upper()]),
    "behind one that knows nothing": behind(False),
    "behind one that knows nothing and is the last to be asked": behind(True),
    "by way of another role": by_way_of_another([TEAM]),
    "by way of another role that may not": by_way_of_another(["other/*/*/*/*"]),
    "in a circle": in_a_circle,
    "to a role that nobody serves": without_file,
    "to a role that the snapshot does not name": not_in_the_snapshot,
    "signed by a key of nobody": signed_by(lambda _: forge.new_key()),
    "signed by the targets key": signed_by(lambda repository: repository.keys["targets"][0]),
    "with a threshold of two of one": plain(threshold=2),
    "with a threshold of nothing": plain(threshold=0),
    "that has expired": edited(lambda payload: setattr(payload, "expires", 1_000_000_000)),
    "of another repository": edited(lambda payload: setattr(payload, "repo_id", bytes(16))),
    "of other bytes than the snapshot names": edited(lambda payload: payload.ClearField("targets"), refer=False),
    "to the root": renamed("root"),
    "to a role of 65 letters": renamed("x" * 65),
    "to a role with a line break": renamed("a\nb"),
}
BELIEVED = ["as it should be", "with question marks", "behind one that knows nothing", "by way of another role"]
