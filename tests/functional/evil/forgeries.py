"""What an attacker makes of a manifest, the one with the fewest keys first. Each takes the siege (evil.siege) and gives
an Attack, and the words in which the node has to refuse it."""
import random

from foreign_tuf import forge

from .gate import Attack

OFFER = "99.0.0"


def served(siege, repository, version=OFFER):
    """The repository as an attack that offers demo in that version."""
    return Attack(repository.files, siege.packages(), [("demo", version, siege.target(version=version).path)])


def with_offer(siege, repository):
    """Adds a release that the node would take if it believed it; signed with whatever keys are there."""
    targets = repository.payload("targets")
    targets.version += 1
    targets.targets.append(siege.target(repository, OFFER))
    repository.put("targets", targets)
    repository.refer()
    return repository


# Without any key of the repository.

def keys_of_its_own(siege):
    """Everything signed, and by somebody else."""
    evil = siege.repository()
    evil.keys = {role: [forge.new_key()] for role in forge.ROLES}
    return served(siege, with_offer(siege, evil)), "timestamp: 0 of its keys signed it.*arbitrary software"


def a_root_of_its_own(siege):
    """Its own root as the next one, signed by itself only."""
    evil = siege.repository()
    evil.keys = {role: [forge.new_key()] for role in forge.ROLES}
    root = evil.root_payload(evil.payload("root").repo_id, evil.payload("root").version + 1, siege.now)
    evil.put("root", root)
    return served(siege, with_offer(siege, evil)), "root: 0 of its keys signed it.*arbitrary software"


def the_root_after_next_signed_by_the_next(siege):
    """N+1 does not hold, and N+2 is signed by N+1's keys (M10)."""
    attack, words = a_root_of_its_own(siege)
    evil = forge.Repository(attack.files, {"root": [forge.new_key()]})
    root = evil.payload("root")
    root.version += 1
    evil.put("root", root)
    return Attack(evil.files, releases=attack.releases), words


def one_bit(siege):
    evil = siege.repository()
    data = bytearray(evil.files["timestamp.pb"])
    data[-1] ^= 1
    evil.files["timestamp.pb"] = bytes(data)
    return served(siege, evil), "timestamp: .*(arbitrary software|no envelope)"


def no_signature(siege):
    evil = siege.repository()
    evil.put("timestamp", evil.payload("timestamp"), keys=[])
    return served(siege, evil), "timestamp: 0 of its keys signed it.*arbitrary software"


def old_files(siege):
    """All of yesterday's files, every one validly signed (M07)."""
    return served(siege, siege.old[-1]), "timestamp: version .* is older than the trusted.*rollback"


def another_snapshot_under_its_name(siege):
    """Today's timestamp, and an older snapshot in place of the one that it names (M08)."""
    with siege.behind_closed_gates():
        siege.publish()
    evil, old = siege.repository(), siege.old[-1]
    evil.files[evil.name("snapshot")] = old.newest("snapshot")
    return served(siege, evil), "snapshot.*(mix-and-match|endless data)"


def other_targets_under_their_name(siege):
    with siege.behind_closed_gates():
        siege.publish()
    evil, old = siege.repository(), siege.old[-1]
    evil.files[evil.name("targets")] = old.newest("targets")
    return served(siege, evil), "targets.*mix-and-match"


def longer_targets(siege):
    with siege.behind_closed_gates():
        siege.publish()
    evil = siege.repository()
    evil.files[evil.name("targets")] += bytes(4_000_000)
    return served(siege, evil), "targets.*endless data"


def a_snapshot_as_timestamp(siege):
    evil = siege.repository()
    evil.files["timestamp.pb"] = evil.newest("snapshot")
    return served(siege, evil), "timestamp: its payload is of type .*snapshot"


def rubbish(siege):
    evil = siege.repository()
    evil.files["timestamp.pb"] = random.Random(7).randbytes(4000)
    return served(siege, evil), "timestamp: .*(no envelope|arbitrary software|is of type)"


# With the online keys, as a stolen seeder has them: timestamp and snapshot.

def stolen(siege):
    return siege.repository("snapshot", "timestamp")


def an_older_snapshot_in_a_new_timestamp(siege):
    evil, old = stolen(siege), siege.old[-1]
    stamp = evil.payload("timestamp")
    stamp.version += 1
    stamp.snapshot.CopyFrom(forge.reference("snapshot", old.payload("snapshot").version, old.newest("snapshot")))
    evil.put("timestamp", stamp)
    return served(siege, evil), "timestamp: its snapshot: version .* is older than the trusted.*rollback"


def older_targets_in_a_new_snapshot(siege):
    evil, old = stolen(siege), siege.old[-1]
    evil.files[evil.name("targets")] = old.newest("targets")
    evil.refer(targets=old.payload("targets").version)
    return served(siege, evil), "snapshot: its 'targets': version .* is older than the trusted.*rollback"


def targets_that_only_the_online_keys_signed(siege):
    """A release of its own, with all that a stolen seeder has (M05)."""
    evil = stolen(siege)
    evil.keys["targets"] = evil.keys["snapshot"]
    return served(siege, with_offer(siege, evil)), "targets: 0 of its keys signed it.*arbitrary software"


def a_timestamp_that_has_expired(siege):
    evil = stolen(siege)
    stamp = evil.payload("timestamp")
    stamp.version, stamp.expires = stamp.version + 1, siege.now - 1
    evil.put("timestamp", stamp)
    return served(siege, evil), "timestamp: it expired at .*freeze"


def another_repository(siege):
    evil = stolen(siege)
    stamp = evil.payload("timestamp")
    stamp.version, stamp.repo_id = stamp.version + 1, b"another 16 bytes"
    evil.put("timestamp", stamp)
    return served(siege, evil), "timestamp: it belongs to another repository"


def a_field_that_nobody_knows(siege):
    evil = stolen(siege)
    stamp = evil.payload("timestamp")
    stamp.version += 1
    evil.put("timestamp", stamp.SerializeToString() + b"\xba\x06\x01x")  # field 103
    return served(siege, evil), "timestamp: it has the critical field 103"


def signed_rubbish(siege):
    evil = stolen(siege)
    evil.put("timestamp", b"\xff" * 100)
    return served(siege, evil), "timestamp: it is signed, but its payload is no timestamp"


# With the root key, against the rules that even it must keep.

def root(siege, change, **options):
    evil = siege.repository("root")
    new = evil.payload("root")
    new.version += 1
    change(new)
    evil.put("root", new, **options)
    return served(siege, evil)


def a_root_that_skips_a_version(siege):
    number = siege.repository().payload("root").version + 1
    return (root(siege, lambda new: setattr(new, "version", new.version + 1), version=number),
            "root: version .* cannot follow the trusted")


def a_threshold_of_nothing(siege):
    """A role that asks for no signature (M03)."""
    return (root(siege, lambda new: setattr(new.targets, "threshold", 0)),
            "root: for the role targets it asks for no signature at all")


def a_threshold_above_the_keys(siege):
    return (root(siege, lambda new: setattr(new.root, "threshold", 2)),
            "root: (for the role root it asks for 2 signatures|.*1 of its keys signed it and 2 have to)")


def one_key_under_nine_ids(siege):
    """The same public key, listed again and again, may not meet a threshold of six (M02)."""
    def change(new):
        new.root.keyids.extend([new.root.keyids[0]] * 8)
        new.root.threshold = 6

    return (root(siege, change),
            "root: (for the role root it asks for 6 signatures|.*1 of its keys signed it and 6 have to)")


ATTACKS = [keys_of_its_own, a_root_of_its_own, the_root_after_next_signed_by_the_next, one_bit, no_signature, old_files,
           another_snapshot_under_its_name, other_targets_under_their_name, longer_targets, a_snapshot_as_timestamp,
           rubbish, an_older_snapshot_in_a_new_timestamp, older_targets_in_a_new_snapshot,
           targets_that_only_the_online_keys_signed, a_timestamp_that_has_expired, another_repository,
           a_field_that_nobody_knows, signed_rubbish, a_root_that_skips_a_version, a_threshold_of_nothing,
           a_threshold_above_the_keys, one_key_under_nine_ids]

# A new timestamp by the right key is kept, whatever becomes of what it names: the honest seeder must sign a higher one.
SIGNED_AHEAD = [older_targets_in_a_new_snapshot, targets_that_only_the_online_keys_signed]


def leaked_targets_key(siege, change):
    """The targets key has leaked as well: what keeps a node from taking what it validly signed."""
    evil = siege.repository("targets", "snapshot", "timestamp")
    targets = evil.payload("targets")
    targets.version += 1
    target = siege.target(evil, OFFER)
    change(target)
    targets.targets.append(target)
    evil.put("targets", targets)
    evil.refer()
    return Attack(evil.files, siege.packages(), [("demo", target.version, target.path)])


def for_another_machine(target):
    target.platform.arch = "riscv64"
    target.path = target.path.replace(OFFER + "/linux-amd64", OFFER + "/linux-riscv64")


def of_another_application(target):
    target.app = "other"
    target.path = target.path.replace("demo", "other")


def on_another_channel(target):
    target.channel = "beta"
    target.path = target.path.replace("/stable/", "/beta/")


WRONG = {
    "an older release counter": (lambda target: setattr(target, "release_counter", 1), "rollback: release counter 1"),
    "another machine": (for_another_machine, "the target is for linux/riscv64"),
    "another application": (of_another_application, "wrong software: the target is for other"),
    "another channel": (on_another_channel, "the target is on channel beta"),
}
