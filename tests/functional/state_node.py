"""What a node keeps: no more than it needs, and not for ever lost when its database is."""
from harness import payloads, programs


def test_only_the_packages_and_releases_of_now_and_before_are_kept(seeder, make_node, release):
    targets = {}
    node = make_node(seeder)
    daemon = node.run()
    for version in ("1.0.0", "2.0.0", "3.0.0"):
        targets[version] = seeder.publish(release(version), "demo", version)
        daemon.wait("attempt.committed", version)
    kept = {targets[version].sha256.hex() for version in ("2.0.0", "3.0.0")}
    packages = node.state / "packages"
    home = node.home("demo")

    def names():
        return {path.name.partition(".")[0] for path in packages.iterdir()}

    assert names() == kept
    daemon.stop()
    for name in ("a" * 64, "b" * 64 + ".part", "b" * 64 + ".torrent"):
        (packages / name).write_bytes(b"an offer of last year")
    for left in ("versions/0.9.0", "staging/" + "c" * 64):
        (home / left).mkdir(parents=True)
        (home / left / "file").write_bytes(b"a release of last year")
    daemon = node.run()
    daemon.wait("fetch.swept", "a" * 64)
    daemon.wait("fetch.swept", "b" * 64)
    assert names() == kept
    programs.wait_until(lambda: list((home / "staging").iterdir()) == [], "the staging is empty")
    assert {path.name for path in (home / "versions").iterdir()} == {"2.0.0", "3.0.0"}
    assert payloads.tree_hash(home / "current") == payloads.tree_hash(release_of(node, "3.0.0"))


def release_of(node, version):
    return node.state.parent / f"payload-{version}"
