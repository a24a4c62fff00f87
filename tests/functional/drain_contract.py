"""An application that speaks with its node is asked before it is stopped, and its work goes over to the next release."""
import concurrent.futures
import json
import os
import subprocess

import pytest

from harness import payloads, programs


@pytest.fixture
def site(seeder, make_node, tmp_path, free_port):
    """A function: a node that runs version 1 of the sample service; publish(version, *marks) brings the next one."""

    def make(*policy, **settings):
        options = payloads.speaking_service(free_port, *policy, **settings)

        def publish(version, *marks):
            place = payloads.speaking_release(tmp_path / f"payload-{version}", version, *marks)
            seeder.publish(place, "demo", version, *options)

        publish("1.0.0")
        node = make_node(seeder)
        node.run().wait("attempt.committed", "1.0.0")
        return node, publish

    return make


@pytest.fixture
def ask(free_port):
    """ask("/job") of the service; None: nothing answers."""
    return lambda path, timeout=programs.PATIENCE: payloads.answer(free_port, path=path, timeout=timeout)


def in_background(work, *arguments):
    return concurrent.futures.ThreadPoolExecutor(1).submit(work, *arguments)


def app_command(node, *arguments, **options):
    return programs.call("lanyard-node", "app", *arguments, "--dir", node.home("demo"), **options)


def test_a_long_request_is_finished_by_the_old_release_and_then_the_new_one_comes(site, ask):
    node, publish = site()
    request = in_background(ask, "/work/report")
    programs.wait_until(lambda: ask("/") == "1.0.0", "it serves")
    publish("2.0.0")
    node.daemon.wait("gate.open", "2.0.0")
    assert node.app("demo").attempt.phase == "wait_idle"
    assert not request.done()
    (node.home("demo") / "done-report").touch()
    assert request.result(programs.PATIENCE) == "report done by 1.0.0"
    node.daemon.wait("attempt.committed", "2.0.0")
    assert ask("/") == "2.0.0"


def test_a_half_done_job_is_taken_over_by_the_new_release(site, ask):
    node, publish = site()
    ask("/job/begin")
    ask("/job/step")
    publish("2.0.0")
    node.daemon.wait("drain.resumed", "1.0.0")
    node.daemon.wait("attempt.committed", "2.0.0")
    assert ask("/job") == "1 done, begun by 1.0.0"
    assert ask("/job/step") == "2 done, begun by 1.0.0"


def test_a_release_that_refuses_the_work_is_rolled_back_and_the_old_one_goes_on_with_it(site, ask):
    node, publish = site()
    ask("/job/begin")
    ask("/job/step")
    publish("2.0.0", "refuses-token")
    event = node.daemon.wait("attempt.rolled_back", "2.0.0")
    assert "it cannot read jobs of 1.0.0" in event.text
    assert "does not run well" not in event.text
    assert (ask("/"), ask("/job")) == ("1.0.0", "1 done, begun by 1.0.0")


def test_a_release_that_never_says_whether_it_takes_over_is_rolled_back(site, ask):
    node, publish = site(start_seconds=5)
    ask("/job/begin")
    publish("2.0.0", "mute")
    assert "did not say within 5 s" in node.daemon.wait("attempt.rolled_back", "2.0.0").text
    assert (ask("/"), ask("/job")) == ("1.0.0", "0 done, begun by 1.0.0")


def test_what_is_left_behind_outlives_a_node_that_is_killed_between_the_stop_and_the_start(site, ask):
    node, publish = site()
    ask("/job/begin")
    ask("/job/step")
    publish("2.0.0")
    node.daemon.wait("phase.drain", "2.0.0")
    node.daemon.kill()
    daemon = node.run()
    daemon.wait("attempt.committed", "2.0.0")
    assert ask("/job") == "1 done, begun by 1.0.0"


def test_a_veto_is_heeded_for_as_long_as_it_says_and_why_tells_it(site, ask):
    node, publish = site()
    (node.home("demo") / "veto").write_text("the month is being closed")
    publish("2.0.0")
    node.daemon.wait("drain.put_off", "the month is being closed")
    node.daemon.wait("gate.waiting", "the month is being closed")
    answer = node.call("why", "demo")
    assert "the month is being closed" in answer.out, answer
    assert ask("/") == "1.0.0"
    (node.home("demo") / "veto").unlink()
    node.daemon.wait("attempt.committed", "2.0.0")


def test_what_is_not_yet_ready_and_will_not_be_in_time_goes_on_and_is_asked_again(site, ask):
    node, publish = site(drain_seconds=1)
    request = in_background(ask, "/work/report")
    programs.wait_until(lambda: ask("/") == "1.0.0", "it serves")
    (node.home("demo") / "not-yet").write_text("5")
    publish("2.0.0")
    node.daemon.wait("drain.put_off", "the month is being closed")
    assert ask("/") == "1.0.0", "it takes on new requests again"
    (node.home("demo") / "not-yet").unlink()
    (node.home("demo") / "done-report").touch()
    assert request.result(programs.PATIENCE) == "report done by 1.0.0"
    node.daemon.wait("attempt.committed", "2.0.0")


def test_a_person_who_agrees_is_not_kept_waiting_for_longer_than_the_application_may_take(site, ask):
    node, publish = site(drain_seconds=1)
    (node.home("demo") / "veto").write_text("the month is being closed")
    publish("2.0.0")
    node.daemon.wait("drain.put_off")
    answer = node.call("update", "--now")
    assert answer.code == 0, answer
    node.daemon.wait("drain.forced", "the month is being closed")
    assert ask("/") == "2.0.0"


def test_an_application_says_itself_when_it_is_busy(site, ask):
    node, publish = site()
    assert ask("/busy/counting") == "busy"
    publish("2.0.0")
    node.daemon.wait("gate.waiting", "counting")
    assert ask("/idle") == "idle"
    node.daemon.wait("attempt.committed", "2.0.0")


def test_what_a_command_said_for_a_process_ends_with_the_process(site):
    node, publish = site()
    with subprocess.Popen(["sleep", "infinity"]) as worker:
        answer = app_command(node, "busy", "prints invoices", "--pid", worker.pid)
        assert answer.code == 0, answer
        publish("2.0.0")
        node.daemon.wait("gate.waiting", f"sleep (pid {worker.pid}): prints invoices")
        worker.kill()
    node.daemon.wait("attempt.committed", "2.0.0")


def test_idle_ends_what_busy_said_and_a_limit_does_too(site):
    node, publish = site()
    with subprocess.Popen(["sleep", "infinity"]) as worker:
        app_command(node, "busy", "prints invoices", "--for", "2h", "--pid", worker.pid)
        publish("2.0.0")
        node.daemon.wait("gate.waiting", "prints invoices, for 2 h at most")
        assert app_command(node, "idle", "--pid", worker.pid).code == 0
        node.daemon.wait("attempt.committed", "2.0.0")
        worker.kill()


def test_nobody_interrupts_a_command_that_is_run_as_busy(site):
    node, publish = site()
    command = [programs.BIN / "lanyard-node", "app", "run", "--dir", node.home("demo"), "--", "/bin/cat"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        running.stdin.write("hello\n")
        running.stdin.flush()
        assert running.stdout.readline() == "hello\n", "it became the command"
        publish("2.0.0")
        node.daemon.wait("gate.waiting", "/bin/cat")
        running.stdin.close()
        assert running.wait(programs.PATIENCE) == 0
    node.daemon.wait("attempt.committed", "2.0.0")


def test_a_program_that_knows_nothing_is_spoken_for_by_scripts(seeder, make_node, release, free_port):
    attend = ('"$LANYARD_NODE" app attend --pid $(cat ../../app.pid) --on-stop "cat ../../half-done" '
              '--on-resume "cat >../../taken-over" >>../../app.log 2>&1 &')
    policy = payloads.service(free_port)
    policy[1] += "; " + attend
    seeder.publish(release("1.0.0"), "demo", "1.0.0", *policy)
    node = make_node(seeder)
    node.run().wait("attempt.committed", "1.0.0")
    (node.home("demo") / "half-done").write_text("page 12 of 40")
    seeder.publish(release("2.0.0"), "demo", "2.0.0", *policy)
    node.daemon.wait("drain.resumed", "2.0.0")
    node.daemon.wait("attempt.committed", "2.0.0")
    assert (node.home("demo") / "taken-over").read_text() == "page 12 of 40"


def test_scripts_say_not_yet_and_no(seeder, make_node, release, free_port):
    attend = ('"$LANYARD_NODE" app attend --pid $(cat ../../app.pid) --on-stop "sh ../../answer" '
              '>>../../app.log 2>&1 &')
    policy = [*payloads.service(free_port), "--drain-seconds", 2]
    policy[1] += "; " + attend
    seeder.publish(release("1.0.0"), "demo", "1.0.0", *policy)
    node = make_node(seeder)
    node.run().wait("attempt.committed", "1.0.0")
    (node.home("demo") / "answer").write_text("echo 'the printer is warm'; exit 1")
    seeder.publish(release("2.0.0"), "demo", "2.0.0", *policy)
    node.daemon.wait("drain.put_off", "the printer is warm")
    assert payloads.answer(free_port) == "1.0.0"
    (node.home("demo") / "answer").write_text("echo '7200 two hours of paper'; exit 75")
    answer = node.call("update", "--now", seconds=180)
    assert answer.code == 0, answer
    node.daemon.wait("drain.forced", "two hours of paper")


def test_only_who_may_speaks_for_an_application(site):
    node, _ = site()
    for place in (node.home("demo"), *list(node.home("demo").parents)[:-2]):
        place.chmod(0o755)  # the way there is open to everybody

    def as_nobody():
        os.setgid(65534)
        os.setuid(65534)

    try:
        refused = subprocess.run([programs.BIN / "lanyard-node", "app", "busy", "x", "--dir", node.home("demo")],
                                 preexec_fn=as_nobody, capture_output=True, text=True, check=False)
    except (PermissionError, subprocess.SubprocessError):
        pytest.skip("this user cannot become another one here")
    assert refused.returncode != 0
    assert "Permission denied" in refused.stderr, refused
    programs.wait_until(lambda: json.loads(node.call("status", "--json").out), "the node goes on")


@pytest.mark.parametrize("words, told", [
    (["busy", "x"], "app.sock"), (["busy", "y" * 250, "--dir", "{home}"], "200 bytes"),
    (["busy", "y" * 300, "--dir", "{home}"], "Invalid argument"),
    (["busy", "x", "--for", "soon", "--dir", "{home}"], "soon"), (["exec", "--", "/does/not/exist"], "/does/not/exist"),
    (["attend", "--pid", "4194304999", "--dir", "{home}"], "no process")])
def test_what_the_command_cannot_do_it_says(site, words, told):
    node, _ = site()
    answer = programs.call("lanyard-node", "app", *(word.format(home=node.home("demo")) for word in words))
    assert answer.code != 0
    assert told in answer.err, answer
    assert len(answer.err.splitlines()) == 1
