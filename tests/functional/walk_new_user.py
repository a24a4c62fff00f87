"""The way of README.md: init, serve, publish, join, run, publish again."""
import shlex

import pytest

from harness import payloads, programs


def test_a_new_user_gets_from_nothing_to_the_second_version_running(make_seeder, make_node, release, free_port):
    seeder = make_seeder()
    policy = payloads.service(free_port)
    seeder.serve()
    seeder.publish(release("1.0.0"), "demo", "1.0.0", *policy)
    node = make_node(seeder)
    daemon = node.run()
    daemon.wait("attempt.committed", "1.0.0")
    assert payloads.answer(free_port) == "1.0.0"

    second = release("2.0.0")
    seeder.publish(second, "demo", "2.0.0", *policy)
    daemon.wait("attempt.committed", "2.0.0")
    assert payloads.answer(free_port) == "2.0.0"
    assert node.installed("demo") == "2.0.0"
    assert payloads.tree_hash(node.home("demo") / "current") == payloads.tree_hash(second)
    assert node.app("demo").previous_version == "1.0.0"


def test_the_join_line_that_init_prints_is_a_command_that_joins(make_seeder, tmp_path):
    seeder = make_seeder(init=False)
    line = seeder.init().join_line
    seeder.serve()
    words = shlex.split(line.replace("APP", "demo"))
    assert words[:2] == ["lanyard-node", "join"]
    node = programs.Node(tmp_path / "node", "node")
    answer = node.call(*words[1:])
    assert answer.code == 0, answer
    assert node.status().seeder_url == seeder.url
    assert [entry.state for entry in seeder.nodes().values()] == ["accepted"]


@pytest.mark.parametrize("form", ["tar.gz", "tar.xz", "tar.zst", "zip"])
def test_an_archive_is_installed_as_the_tree_that_was_packed(form, seeder, make_node, release):
    source = release("1.0.0")
    seeder.publish(payloads.archive(source, form), "demo", "1.0.0", "--type", "tree")
    node = make_node(seeder)
    node.run().wait("attempt.committed", "1.0.0")
    assert payloads.tree_hash(node.home("demo") / "current") == payloads.tree_hash(source)


def test_a_single_file_is_installed_as_it_is(seeder, make_node, tmp_path):
    program = payloads.blob(tmp_path / "tool-1.0.0", 100_000)
    seeder.publish(program, "demo", "1.0.0", "--type", "file")
    node = make_node(seeder)
    node.run().wait("attempt.committed", "1.0.0")
    files = [path for path in (node.home("demo") / "current").resolve().rglob("*") if path.is_file()]
    assert [path.read_bytes() for path in files] == [program.read_bytes()]


def test_a_release_published_while_the_seeder_does_not_serve_is_there_when_it_does(make_seeder, make_node, release):
    seeder = make_seeder()
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    seeder.serve()
    node = make_node(seeder)
    node.run().wait("attempt.committed", "1.0.0")


def test_an_application_stays_in_the_directory_it_was_given(seeder, make_node, release, tmp_path):
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    node = make_node(seeder, "node", "--app", f"demo={tmp_path / 'opt' / 'demo'}", app=None)
    node.run().wait("attempt.committed", "1.0.0")
    assert (tmp_path / "opt" / "demo" / "current" / "VERSION").read_text() == "1.0.0\n"


def test_a_node_takes_only_what_its_channel_offers(seeder, make_node, release):
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    seeder.publish(release("2.0.0-rc.1"), "demo", "2.0.0-rc.1", "--channel", "beta")
    stable = make_node(seeder, "stable")
    beta = make_node(seeder, "beta", "--app", "demo@beta", app=None)
    stable.run().wait("attempt.committed", "1.0.0")
    beta.run().wait("attempt.committed", "2.0.0-rc.1")
    assert stable.installed("demo") == "1.0.0"
