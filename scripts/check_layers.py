#!/usr/bin/env python3
"""Fails when a room includes, or links, a room it may not know. Run by ctest -L lint.

The list is drawn in docs/architecture.md (scripts/check_layers.py --dot prints it for the drawing)."""
import pathlib
import re
import sys

# Each room lists the rooms it may include, and nothing else. A room missing here may include only itself.
MAY_INCLUDE = {
    "proto/async": set(),
    # For applications: it needs nothing of ours.
    "proto/contract": set(),
    "proto/events": {"proto/outcome"},
    "proto/identity": {"proto/outcome"},
    "proto/http": {"proto/async", "proto/events", "proto/outcome"},
    "proto/swarm": {"proto/async", "proto/events", "proto/outcome"},
    "manifests/release": {"proto/outcome", "proto/schema"},
    "manifests/trust": {"proto/outcome", "proto/schema", "manifests/release"},
    "manifests/signing": {"proto/outcome", "proto/schema", "manifests/release", "manifests/trust"},
    "manifests/package": {"proto/outcome", "manifests/release"},
    "manifests/store": {"proto/outcome", "proto/schema", "manifests/trust"},
    "seeder/intake": {"proto/outcome", "proto/swarm", "proto/schema", "manifests/package", "manifests/release"},
    "seeder/catalogue": {"proto/outcome", "proto/schema", "manifests/release", "manifests/store"},
    # manifests/store: the release row, its metadata and the revision are one transaction.
    "seeder/publish": {"proto/outcome", "proto/schema", "manifests/release", "manifests/signing", "manifests/store",
                       "manifests/trust", "seeder/catalogue", "seeder/intake"},
    "seeder/rollout": {"proto/outcome", "proto/schema", "manifests/release", "seeder/catalogue"},
    # proto/async for the value type of an IP address only.
    "seeder/tracker": {"proto/async", "proto/outcome", "proto/schema"},
    "seeder/authority": {"proto/identity", "proto/outcome", "proto/schema", "manifests/store"},
    "seeder/fleet": {"proto/outcome", "proto/schema", "manifests/store"},
    "seeder/announce": {"proto/async", "proto/events", "proto/http", "proto/outcome", "proto/schema", "proto/swarm",
                        "manifests/release", "seeder/catalogue", "seeder/fleet", "seeder/publish", "seeder/rollout",
                        "seeder/tracker"},
    # What lanyard-sign is made of: nothing that knows a network or a database.
    "seeder/ceremony": {"proto/outcome", "proto/schema", "manifests/release", "manifests/signing", "manifests/trust"},
    # seeder/ceremony: key files and passphrases are asked for and written in one way by both programs.
    # proto/http: a URL in seeder.toml is judged by the parser that nodes use. manifests/signing: it makes and loads the
    # key files. manifests/trust: the digest of the root that init prints. proto/swarm, seeder/tracker: `serve` tells both
    # what is live. seeder/authority: `serve` lets in whom it names. proto/identity: keys of operators, tokens.
    # manifests/package: what is published over the network is packed here and checked there; `release verify` takes the
    # digest of a package.
    "seeder/console": {"proto/async", "proto/events", "proto/http", "proto/identity", "proto/outcome", "proto/schema",
                       "proto/swarm", "manifests/package", "manifests/release", "manifests/signing", "manifests/store",
                       "manifests/trust", "seeder/announce", "seeder/authority", "seeder/catalogue", "seeder/ceremony",
                       "seeder/fleet", "seeder/intake", "seeder/publish", "seeder/rollout", "seeder/tracker"},
    "node/check": {"proto/async", "proto/events", "proto/http", "proto/outcome", "proto/schema", "manifests/release",
                   "manifests/store", "manifests/trust"},
    "node/enrol": {"proto/async", "proto/events", "proto/http", "proto/identity", "proto/outcome", "proto/schema"},
    "node/fetch": {"proto/async", "proto/events", "proto/outcome", "proto/schema", "proto/swarm", "manifests/package",
                   "manifests/release", "node/check"},
    "node/stage": {"proto/async", "proto/outcome", "manifests/package", "manifests/release", "node/check",
                   "node/fetch"},
    # events: why an update waits must be visible to the operator when it changes, not only when somebody asks.
    # manifests/store: what people have decided, since when a release waits, and at which hours it is quiet.
    "node/gate": {"proto/async", "proto/events", "proto/outcome", "manifests/release", "manifests/store",
                  "node/check"},
    "node/drain": {"proto/async", "proto/events", "proto/outcome", "proto/schema", "manifests/release"},
    # proto/async: installers take minutes. proto/events: a machine that must be restarted. manifests/package: what the file
    # of a release is called. node/drain: what a command wrote is told in the same way.
    "node/apply": {"proto/async", "proto/events", "proto/outcome", "manifests/package", "manifests/release",
                   "node/check", "node/drain", "node/stage"},
    "node/probe": {"proto/async", "proto/http", "proto/outcome", "manifests/release", "node/drain"},
    # manifests/trust: the checksum of what is kept beside the database.
    # node/drain: its port for what an application leaves to its next release.
    "node/journal": {"proto/outcome", "proto/schema", "manifests/release", "manifests/store", "manifests/trust",
                     "node/check", "node/drain"},
    # proto/identity: it signs what it sends.
    "node/report": {"proto/async", "proto/events", "proto/http", "proto/identity", "proto/outcome", "proto/schema",
                    "manifests/store", "node/check", "node/journal"},
    "node/update": {"proto/async", "proto/events", "proto/outcome", "proto/schema", "manifests/release", "node/apply",
                    "node/check", "node/drain", "node/fetch", "node/gate", "node/journal", "node/probe", "node/stage"},
    # proto/schema: the messages of the application's contract, which come with descriptors.
    "node/platform": {"proto/async", "proto/events", "proto/outcome", "proto/schema", "manifests/release", "node/apply",
                      "node/drain", "node/fetch", "node/gate", "node/probe", "node/stage"},
    # A program of its own, in the desktop session. node/platform: frames and descriptors of a local socket.
    "node/session": {"proto/outcome", "proto/schema", "node/platform"},
    # join is a first, small refresh of its own: it fetches one root and holds it against a digest. proto/identity: it
    # reads the token. manifests/package: verify holds a package, and what is installed, against the manifest.
    "node/console": {"proto/async", "proto/events", "proto/http", "proto/identity", "proto/outcome", "proto/schema",
                     "manifests/package", "manifests/release", "manifests/store", "manifests/trust", "node/check",
                     "node/fetch", "node/gate", "node/journal",
                     "node/report",
                     "node/update"},
}
TOPS = ("proto", "manifests", "node", "seeder")
INCLUDE = re.compile(r'^#include "((?:proto|manifests|node|seeder)/[^/"]+)/', re.MULTILINE)
ROOM = re.compile(r"lanyard_room\(\s*(\w+)([^)]*)\)")
LINKED = re.compile(r"lanyard::(\w+)")

root = pathlib.Path(__file__).resolve().parent.parent
errors = []


def room_of(target):
    top, _, room = target.partition("_")
    return f"{top}/{room}"


if "--dot" in sys.argv:
    for room, uses in sorted(MAY_INCLUDE.items()):
        for used in sorted(uses):
            print(f'  "{room}" -> "{used}"')
    sys.exit()

for top in TOPS:
    for source in sorted(p for p in (root / top).rglob("*.*") if p.suffix in (".h", ".cc")):
        room = "/".join(source.relative_to(root).parts[:2])
        for used in INCLUDE.findall(source.read_text()):
            # What stands beside the rooms (main.cc, node.cc) wires all of its own program.
            is_main = source.parent == root / top and not used.startswith("node" if top == "seeder" else "seeder")
            if used != room and used not in MAY_INCLUDE.get(room, set()) and not is_main:
                errors.append(f"{source.relative_to(root)}: {room} may not include {used}")
    lists = root / top / "CMakeLists.txt"
    for target, body in ROOM.findall(lists.read_text() if lists.exists() else ""):
        for used in map(room_of, LINKED.findall(body)):
            if used not in MAY_INCLUDE.get(room_of(target), set()):
                errors.append(f"{lists.relative_to(root)}: {room_of(target)} may not link {used}")


def cycle(room, path=()):
    if room in path:
        return path[path.index(room):] + (room,)
    return next(filter(None, (cycle(n, path + (room,)) for n in sorted(MAY_INCLUDE.get(room, ())))), None)


for room in MAY_INCLUDE:
    if found := cycle(room):
        errors.append("cycle: " + " -> ".join(found))
        break

print("\n".join(errors) or "layers ok")
sys.exit(bool(errors))
