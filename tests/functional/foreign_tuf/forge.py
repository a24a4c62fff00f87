"""Signs metadata: what a seeder signs, and what an attacker with some of its keys could."""
import hashlib
import pathlib
import time

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from harness.messages import envelope_pb2, metadata_pb2

from . import keys as signing, payloads

ROLES = ("root", "targets", "snapshot", "timestamp")


def new_key():
    return Ed25519PrivateKey.generate()


def public(private):
    raw = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return metadata_pb2.Key(alg=1, public_key=raw)


def key_id(private):
    return signing.key_id(public(private))


def sealed(role, payload, keys, kind=None):
    """An envelope; `payload` is a message or bytes."""
    data = payload if isinstance(payload, bytes) else payload.SerializeToString(deterministic=True)
    kind = kind or payloads.payload_type(role)
    envelope = envelope_pb2.Envelope(payload=data, payload_type=kind)
    for key in keys:
        envelope.signatures.add(keyid=key_id(key), sig=key.sign(payloads.pre_authentication(kind, data)))
    return envelope.SerializeToString(deterministic=True)


def reference(name, version, data):
    return metadata_pb2.MetaRef(name=name, version=version, length=len(data), sha256=hashlib.sha256(data).digest())


def opened(role, data):
    """The payload, without any check."""
    return payloads.KINDS[role].FromString(envelope_pb2.Envelope.FromString(data).payload)


class Repository:
    """The files of a repository by name, and the keys that somebody holds for it, by role."""

    def __init__(self, files, keys):
        self.files = dict(files)
        self.keys = {role: list(keys.get(role, [])) for role in (*ROLES, *keys)}

    @classmethod
    def of_seeder(cls, state, keys=ROLES):
        """What a seeder serves now, and those of its keys that were stolen."""
        state = pathlib.Path(state)
        files = {path.name: path.read_bytes() for path in (state / "public" / "metadata").iterdir()}
        made = cls(files, {})
        stolen = [serialization.load_pem_private_key(path.read_bytes(), None)
                  for path in sorted((state / "keys").glob("*.pem")) if b"BEGIN PRIVATE KEY" in path.read_bytes()]
        for role in keys:
            wanted = getattr(made.payload("root"), role).keyids
            made.keys[role] = [key for key in stolen if isinstance(key, Ed25519PrivateKey) and key_id(key) in wanted]
            assert made.keys[role], f"no key of the role {role} in {state / 'keys'}"
        return made

    @classmethod
    def new(cls, repo_id, now=None, threshold=1):
        """A repository of the attacker's own."""
        made = cls({}, {role: [new_key()] for role in ROLES})
        made.put("root", made.root_payload(repo_id, 1, now or int(time.time()), threshold))
        targets = metadata_pb2.Targets()
        client_head(targets, repo_id, 1, (now or int(time.time())) + 86_400)
        made.put("targets", targets)
        made.refer(now)
        return made

    def root_payload(self, repo_id, version, now, threshold=1):
        root = metadata_pb2.Root()
        client_head(root, repo_id, version, now + 365 * 86_400)
        for role in ROLES:
            for key in self.keys[role]:
                root.keys.append(public(key))
                getattr(root, role).keyids.append(key_id(key))
            getattr(root, role).threshold = threshold
        return root

    def copy(self):
        return Repository(self.files, self.keys)

    def name(self, role):
        if role == "timestamp":
            return "timestamp.pb"
        names = [name for name in self.files if name.partition(".")[2] == f"{role}.pb"]
        return max(names, key=lambda name: int(name.partition(".")[0]))

    def newest(self, role):
        return self.files[self.name(role)]

    def payload(self, role):
        return opened(role, self.newest(role))

    def put(self, role, payload, keys=None, version=None, kind=None):
        """Signs and serves it, under the name that its version, or another, gives."""
        data = sealed(role, payload, self.keys[role] if keys is None else keys, kind)
        if role == "timestamp":
            self.files["timestamp.pb"] = data
        else:
            self.files[f"{payload.version if version is None else version}.{role}.pb"] = data
        return data

    def delegate(self, name, paths, keys, targets=(), threshold=1, terminating=False, by=None):
        """Targets, or the delegated role `by`, delegate to a role that names these targets; snapshot and timestamp must
        follow (refer). `keys` are the role's."""
        role = by or "targets"
        holder = opened("targets", self.newest(role))
        holder.keys.extend(public(key) for key in keys if public(key) not in holder.keys)
        holder.delegations.add(name=name, keyids=[key_id(key) for key in keys], threshold=threshold, paths=paths,
                               terminating=terminating)
        holder.version += 1
        self.seal_targets(role, holder)
        delegated = metadata_pb2.Targets(targets=targets)
        client_head(delegated, holder.repo_id, 1, int(time.time()) + 86_400)
        self.keys[name] = list(keys)
        self.seal_targets(name, delegated)

    def seal_targets(self, name, payload, keys=None):
        self.files[f"{payload.version}.{name}.pb"] = sealed("targets", payload,
                                                            self.keys[name] if keys is None else keys)

    def refer(self, now=None, targets=None, snapshot=None):
        """A snapshot that names the newest targets and a timestamp that names it: one version up each, or the version
        given."""
        top = opened("root", self.newest("root"))
        end = (now or int(time.time())) + 86_400
        snap, stamp = metadata_pb2.Snapshot(), metadata_pb2.Timestamp()
        held = self.payload("targets")
        if "timestamp.pb" in self.files:
            stamp = self.payload("timestamp")
            snap = self.payload("snapshot")
        client_head(snap, top.repo_id, snapshot or snap.version + 1, end)
        del snap.metas[:]
        snap.metas.append(reference("targets", targets or held.version, self.newest("targets")))
        for name in sorted(set(self.keys) - set(ROLES)):
            data = self.newest(name)
            snap.metas.append(reference(name, opened("targets", data).version, data))
        data = self.put("snapshot", snap)
        client_head(stamp, top.repo_id, stamp.version + 1, end)
        stamp.snapshot.CopyFrom(reference("snapshot", snap.version, data))
        self.put("timestamp", stamp)

    def fetch(self, name, _most=None):
        return self.files.get(name)


def client_head(payload, repo_id, version, expires):
    payload.spec, payload.repo_id, payload.version, payload.expires = 1, repo_id, version, expires
