"""docs/how-to/lost-root-key.md, as it stands there: two of three root keys are left."""
from harness import drills


def test_a_lost_root_key_is_replaced_and_the_node_follows(make_seeder, make_node, release, tmp_path):
    seeder = make_seeder(init=False)
    place = tmp_path / "page"
    place.mkdir()
    seeder.init("--offline-root", "--threshold", "2/3", "--key-dir", place / "keys")
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    seeder.serve()
    node = make_node(seeder, poll_seconds=1)
    daemon = node.run()
    daemon.wait("attempt.committed", "1.0.0")

    page = drills.page("lost-root-key", place, seeder)
    lost = drills.keys(seeder)["root"][2]
    (place / "keys" / "root-3.pem").unlink()
    page.run()  # key list
    page.set(ROOT_DIGEST=seeder.root_digest)
    page.set(KEPT_1=drills.keys(seeder)["root"][0][:8], KEPT_2=drills.keys(seeder)["root"][1][:8])
    page.run()  # generate
    page.run()  # rotate: asks
    assert lost in drills.keys(seeder)["root"], "nothing has changed yet"
    words = page.run()  # sign
    assert f"- key {lost} may no longer sign for root" in words
    page.run()  # import
    assert page.finished()
    assert lost not in drills.keys(seeder)["root"]
    assert drills.version(seeder, "root") == 2

    seeder.publish(release("2.0.0"), "demo", "2.0.0")
    daemon.wait("attempt.committed", "2.0.0")
