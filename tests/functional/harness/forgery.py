"""What an attacker with leaked keys does: signs metadata of their own, with OpenSSL alone."""
import hashlib
import subprocess
import tempfile
import time

from . import messages

LAST_VERSION = 2**53 - 1


def public_key(pem):
    done = subprocess.run(["openssl", "pkey", "-in", pem, "-pubout", "-outform", "DER"], capture_output=True, check=True)
    return done.stdout[-32:]


def key_id(raw):
    return hashlib.sha256(b"\x01" + raw).digest()


def envelope(role, payload, *pems):
    """The bytes of an envelope over a payload message."""
    made = messages.envelope_pb2.Envelope()
    made.payload = payload.SerializeToString()
    made.payload_type = f"application/vnd.lanyard.{role}.v1+protobuf"
    kind = made.payload_type.encode()
    covered = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(made.payload), made.payload)
    for pem in pems:
        with tempfile.NamedTemporaryFile() as file:
            file.write(covered)
            file.flush()
            done = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", pem, "-in", file.name],
                                  capture_output=True, check=True)
        made.signatures.add(keyid=key_id(public_key(pem)), sig=done.stdout)
    return made.SerializeToString()


def payload(file, kind):
    """The payload of a published file, to be changed and signed anew."""
    read = messages.envelope_pb2.Envelope.FromString(file.read_bytes())
    return kind.FromString(read.payload)


def refer(meta, version, data):
    """Makes a reference name these bytes."""
    meta.version, meta.length, meta.sha256 = version, len(data), hashlib.sha256(data).digest()


def in_a_week():
    return int(time.time()) + 7 * 86400


class StolenSeeder:
    """Copies of the keys, and the metadata folder that nodes read."""

    def __init__(self, seeder, *roles):
        self.folder = seeder.state / "public" / "metadata"
        self.keys = {}
        for role in roles:
            copy = seeder.state.with_name(f"stolen-{role}.pem")
            copy.write_bytes((seeder.state / "keys" / f"{role}.pem").read_bytes())
            copy.chmod(0o600)
            self.keys[role] = copy

    def newest(self, role):
        if role == "timestamp":
            return self.folder / "timestamp.pb"
        return max(self.folder.glob(f"*.{role}.pb"), key=lambda file: int(file.name.partition(".")[0]))

    def timestamp(self, version, snapshot=None):
        """Published: a timestamp of that version, that names the snapshot given as (version, bytes) or the same one."""
        made = payload(self.newest("timestamp"), messages.metadata_pb2.Timestamp)
        made.version, made.expires = version, in_a_week()
        if snapshot:
            refer(made.snapshot, *snapshot)
        self.put("timestamp.pb", envelope("timestamp", made, self.keys["timestamp"]))

    def snapshot(self, version, targets=None):
        """Published: a snapshot of that version; gives its bytes."""
        made = payload(self.newest("snapshot"), messages.metadata_pb2.Snapshot)
        made.version, made.expires = version, in_a_week()
        if targets:
            refer(made.metas[0], *targets)
        data = envelope("snapshot", made, self.keys["snapshot"])
        self.put(f"{version}.snapshot.pb", data)
        return data

    def targets(self, change):
        """Published: the next targets, after `change` has had its way with them; gives (version, bytes)."""
        made = payload(self.newest("targets"), messages.metadata_pb2.Targets)
        made.version += 1
        change(made)
        data = envelope("targets", made, self.keys["targets"])
        self.put(f"{made.version}.targets.pb", data)
        return made.version, data

    def put(self, name, data):
        """At once, as a mirror that lies would."""
        scratch = self.folder / ".stolen"
        scratch.write_bytes(data)
        scratch.rename(self.folder / name)
