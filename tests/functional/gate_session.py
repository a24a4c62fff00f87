"""The person at the machine: lanyard-session on a real X server, a private session bus, and a real node."""
import contextlib
import fcntl
import multiprocessing
import os
import signal
import socket
import struct
import subprocess
import time

import pytest

from harness import desktop, logind, messages, payloads, programs

WhyResult = messages.status_pb2.WhyResult
Choice = messages.session_pb2.SessionChoice
# Of the fields of Notify.
NAME, REPLACES, ICON, SUMMARY, BODY, ACTIONS = range(6)
STRANGER = 12345


@pytest.fixture
def stand_in():
    stand_in = logind.Logind()
    yield stand_in
    stand_in.stop()


@pytest.fixture
def make_desktop():
    made = []

    def make(**options):
        made.append(desktop.Desktop(**options))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def start_helper(tmp_path):
    started = []

    def start(screen, path, environment=None):
        started.append(screen.helper(path, tmp_path / "session.log", environment))
        return started[-1]

    yield start
    for helper in started:
        helper.process.send_signal(signal.SIGCONT)
        assert not helper.running() or helper.stop() == 0
        helper.check()


@pytest.fixture
def office(seeder, make_node, release, free_port, tmp_path, stand_in):
    """A function: a node that runs version 1 with this policy and a session socket, and one that publishes version 2."""
    service = payloads.service(free_port)

    def make(policy=""):
        seeder.publish(release("1.0.0"), "demo", "1.0.0", *service)
        node = make_node(seeder, "node")
        answer = node.call("update", "--now")
        assert answer.code == 0, answer
        node.session_socket = tmp_path / "run" / "session.sock"
        file = node.state / "node.toml"
        file.write_text(file.read_text() + (f"[app.policy]\n{policy}" if policy else "")
                        + f'\n[session]\nsocket = "{node.session_socket}"\n')
        node.run(environment=stand_in.environment)

        def publish_second(*options):
            seeder.publish(release("2.0.0"), "demo", "2.0.0", *service, *options)
            return node.daemon

        return node, publish_second

    return make


@contextlib.contextmanager
def busy(node):
    """The application holds its lock."""
    with open(node.home("demo") / "busy.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def standing(node, name):
    app = node.call("why", "--json").json(WhyResult).apps[0]
    return next(check for check in app.checks if check.name == name)


# What the helper senses.


def test_keys_on_a_real_x_server_end_its_idleness(make_desktop, start_helper, tmp_path):
    screen = make_desktop(bus=False)
    listener = desktop.Listener(tmp_path / "session.sock")
    start_helper(screen, tmp_path / "session.sock")
    screen.type()
    before = listener.state()
    assert before.measures_idle and not before.presents
    programs.wait_until(lambda: listener.state().idle_seconds > before.idle_seconds + 5, "nobody types")
    idle = listener.state().idle_seconds
    screen.type()
    assert programs.wait_until(lambda: (now := listener.state()).idle_seconds < idle and now, "a key was seen")
    listener.close()


def test_a_window_that_fills_the_screen_is_not_covered(office, make_desktop, start_helper):
    node, publish_second = office("inhibitors = true\n")
    screen = make_desktop(bus=False)
    window = screen.window("Impress")
    screen.fill_screen(window, True)
    with busy(node):
        start_helper(screen, node.session_socket)
        publish_second().wait("gate.waiting", "busy")
        programs.wait_until(lambda: standing(node, "inhibitors").standing == "closed", "the node knows of the window")
    node.daemon.wait("gate.waiting", "waits: the machine must stay awake for Impress: full screen")
    assert node.installed("demo") == "1.0.0"
    screen.fill_screen(window, False)
    node.daemon.wait("attempt.committed", "2.0.0")
    assert "no presentation or the like" in node.history()[0].passed_because


def test_a_helper_knows_its_desktop_better_than_logind_does(office, make_desktop, start_helper, stand_in):
    stand_in.somebody_types()
    stand_in.add_session("c1", 0, "wayland")
    node, publish_second = office("user_idle_minutes = 10\n")
    screen = make_desktop(screen=False)
    screen.mutter(5 * 60)
    publish_second().wait("gate.waiting", "somebody is using this machine")
    start_helper(screen, node.session_socket, {"WAYLAND_DISPLAY": "wayland-0"})
    programs.wait_until(lambda: "used this machine 5 min ago" in standing(node, "user").says, "GNOME was asked")
    screen.mutter(43 * 60)
    programs.wait_until(lambda: "43 min" in standing(node, "user").says, "GNOME was asked again")
    node.call("unhold")  # the gate looks again at once, and not in a minute
    node.daemon.wait("attempt.committed", "2.0.0")
    assert "nobody at the machine for 43 min" in node.history()[0].passed_because


def test_a_helper_does_not_speak_for_other_people(office, make_desktop, start_helper, stand_in):
    stand_in.add_session("c1", 0, "wayland")
    stand_in.add_session("2", STRANGER, "tty")
    node, publish_second = office("user_idle_minutes = 10\n")
    screen = make_desktop(screen=False)
    screen.mutter(43 * 60)
    start_helper(screen, node.session_socket, {"WAYLAND_DISPLAY": "wayland-0"})
    publish_second().wait("gate.waiting", "somebody is using this machine")
    stand_in.end_session("2")
    node.call("unhold")  # the gate looks again at once, and not in a minute
    node.daemon.wait("attempt.committed", "2.0.0")


def test_a_helper_that_is_gone_leaves_its_desktop_unknown(office, make_desktop, start_helper, stand_in):
    stand_in.add_session("c1", 0, "x11")
    node, publish_second = office("user_idle_minutes = 10\n")
    screen = make_desktop(screen=False)
    screen.mutter(43 * 60)
    with busy(node):
        helper = start_helper(screen, node.session_socket, {"WAYLAND_DISPLAY": "wayland-0"})
        publish_second().wait("gate.waiting", "busy")
        programs.wait_until(lambda: "43 min" in standing(node, "user").says, "the helper speaks")
        helper.kill()
        programs.wait_until(lambda: standing(node, "user").unknown, "the node misses it")
    node.daemon.wait("gate.waiting", "lanyard-session of user 0 is gone while the desktop goes on")
    assert node.installed("demo") == "1.0.0"
    stand_in.end_session("c1")
    node.call("unhold")  # the gate looks again at once, and not in a minute
    node.daemon.wait("attempt.committed", "2.0.0")
    assert "nobody is logged in" in node.history()[0].passed_because


@pytest.mark.skipif(not programs.THOROUGH, reason="takes half a minute: run with --thorough")
def test_a_helper_that_hangs_leaves_its_desktop_unknown_until_it_goes_on(office, make_desktop, start_helper):
    node, publish_second = office("user_idle_minutes = 10\n")
    screen = make_desktop(screen=False)
    screen.mutter(43 * 60)
    with busy(node):
        helper = start_helper(screen, node.session_socket, {"WAYLAND_DISPLAY": "wayland-0"})
        publish_second().wait("gate.waiting", "busy")
        programs.wait_until(lambda: "43 min" in standing(node, "user").says, "the helper speaks")
        helper.process.send_signal(signal.SIGSTOP)
        programs.wait_until(lambda: "has said nothing for" in standing(node, "user").says, "the node misses it")
        assert standing(node, "user").unknown
        helper.process.send_signal(signal.SIGCONT)
        programs.wait_until(lambda: standing(node, "user").standing == "fine", "it speaks again")


@pytest.mark.skipif(not programs.THOROUGH, reason="nobody types for a minute: run with --thorough")
def test_a_minute_without_keys_on_a_real_x_server_lets_an_update_through(office, make_desktop, start_helper, stand_in):
    stand_in.somebody_types()
    stand_in.add_session("c1", 0, "x11")
    node, publish_second = office("user_idle_minutes = 1\n")
    screen = make_desktop(bus=False)
    screen.type()
    start_helper(screen, node.session_socket)
    publish_second().wait("gate.waiting", "somebody is using this machine")
    node.daemon.wait("attempt.committed", "2.0.0", seconds=3 * programs.PATIENCE)
    assert "nobody at the machine for" in node.history()[0].passed_because


# What the person is told, and says.


@pytest.fixture
def waiting(office, make_desktop, start_helper):
    """A node whose application is busy, and a notification about it."""
    node, publish_second = office("deadline_hours = 72\n")
    screen = make_desktop(screen=False)
    screen.show_notifications()
    start_helper(screen, node.session_socket, {"WAYLAND_DISPLAY": "wayland-0"})
    with busy(node):
        publish_second().wait("gate.waiting", "busy")
        programs.wait_until(screen.notifications, "a notification is shown")
        yield node, screen


def test_a_notification_says_what_waits_and_until_when(waiting):
    _, screen = waiting
    [shown] = screen.notifications()
    assert (shown[NAME], shown[REPLACES], shown[SUMMARY]) == ("Lanyard", 0, "demo: an update is ready")
    assert "Version 2.0.0 takes the place of 1.0.0" in shown[BODY] and "Deadline: " in shown[BODY]
    assert shown[ACTIONS] == ["now", "Install now", "idle", "When idle", "tonight", "Tonight", "hour", "In 1 hour"]


def test_install_now_installs_although_the_application_is_busy(waiting):
    node, screen = waiting
    screen.press(1, "now")
    node.daemon.wait("session.choice", "user 0 chose INSTALL_NOW for demo")
    node.daemon.wait("attempt.committed", "2.0.0")
    assert node.history()[0].passed_because == "a person agreed to it"
    assert screen.closed() == [1] and len(screen.notifications()) == 1


def test_when_idle_leaves_it_to_the_policy_and_asks_no_more(waiting):
    node, screen = waiting
    screen.press(1, "idle")
    node.daemon.wait("session.choice", "WHEN_IDLE")
    programs.wait_until(lambda: screen.closed() == [1], "the notification is closed")
    app = node.call("why", "--json").json(WhyResult).apps[0]
    assert (app.state, app.postponements) == ("waiting", 0)
    assert len(screen.notifications()) == 1


def test_tonight_waits_for_the_night(waiting):
    node, screen = waiting
    screen.press(1, "tonight")
    programs.wait_until(lambda: standing(node, "tonight").standing != "not_asked", "the night is agreed to")
    programs.wait_until(lambda: screen.closed() == [1], "the notification is closed")


def test_in_one_hour_postpones_by_an_hour_and_counts(waiting):
    node, screen = waiting
    screen.press(1, "hour")
    programs.wait_until(lambda: standing(node, "postponed").standing == "closed", "it is postponed")
    app = node.call("why", "--json").json(WhyResult).apps[0]
    assert app.postponements == 1
    later = standing(node, "postponed").opens - app.at
    assert 0 < later <= 3600


def test_a_choice_that_the_policy_refuses_is_told(office, make_desktop, start_helper):
    node, publish_second = office("postponements = 0\n")
    screen = make_desktop(screen=False)
    screen.show_notifications()
    start_helper(screen, node.session_socket, {"WAYLAND_DISPLAY": "wayland-0"})
    with busy(node):
        publish_second().wait("gate.waiting", "busy")
        programs.wait_until(screen.notifications, "a notification is shown")
        screen.press(1, "hour")
        told = programs.wait_until(lambda: screen.notifications()[1:], "the answer is shown")[0]
        assert told[SUMMARY] == "demo: not done as you chose" and "may be 0 times" in told[BODY], told
        assert not told[ACTIONS] and standing(node, "postponed").standing == "not_asked"


def test_a_notification_is_closed_when_its_update_is_done(waiting):
    node, screen = waiting
    assert node.call("update", "--now").code == 0
    programs.wait_until(lambda: screen.closed() == [1], "the notification is closed")


def test_a_notification_takes_the_place_of_the_one_before(waiting, seeder, release, free_port):
    node, screen = waiting
    seeder.publish(release("3.0.0"), "demo", "3.0.0", *payloads.service(free_port))
    programs.wait_until(lambda: "3.0.0" in screen.notifications()[-1][BODY], "the newer release is told of")
    assert screen.notifications()[-1][REPLACES] in (0, 1)
    shown = {call[REPLACES] or place for place, call in enumerate(screen.notifications(), 1)}
    assert len(shown - set(screen.closed())) == 1, "one notification an application"


def test_what_an_operator_holds_back_is_not_asked_about(office, make_desktop, start_helper):
    node, publish_second = office()
    node.call("hold")
    screen = make_desktop(screen=False)
    screen.show_notifications()
    start_helper(screen, node.session_socket, {"WAYLAND_DISPLAY": "wayland-0"})
    publish_second().wait("gate.waiting", "an operator holds updates back")
    line = desktop.Line(node.session_socket)
    assert not line.hear().waiting.updates
    line.say(choice=Choice(app="demo", kind=Choice.INSTALL_NOW))
    answer = line.hear().answer
    assert not answer.obeyed and "an operator holds updates back" in answer.message
    line.close()
    assert node.installed("demo") == "1.0.0" and not screen.notifications()


def test_a_service_that_comes_later_shows_what_waits(office, make_desktop, start_helper):
    node, publish_second = office()
    screen = make_desktop(screen=False)
    start_helper(screen, node.session_socket, {"WAYLAND_DISPLAY": "wayland-0"})
    with busy(node):
        publish_second().wait("gate.waiting", "busy")
        line = desktop.Line(node.session_socket)
        programs.wait_until(lambda: line.hear().waiting.updates, "the helper was told as well")
        line.close()
        screen.show_notifications()
        programs.wait_until(screen.notifications, "it is shown")
    node.daemon.wait("attempt.committed", "2.0.0")


def test_nothing_happens_on_a_machine_without_a_desktop(make_desktop, tmp_path):
    nowhere = make_desktop(screen=False, bus=False)
    helper = nowhere.helper(tmp_path / "session.sock", tmp_path / "session.log")
    assert helper.process.wait(timeout=programs.PATIENCE) == 0
    helper._reader.join()
    assert "there is no desktop here" in helper.lines[-1]


# Who may say so.


def test_a_stranger_is_refused_and_who_sits_at_the_machine_is_not(office, stand_in):
    node, publish_second = office()
    os.chmod(node.session_socket.parent, 0o755)
    with reachable(node.session_socket):
        with busy(node):
            publish_second().wait("gate.waiting", "busy")
            stranger = desktop.Line(node.session_socket, uid=STRANGER)
            assert f"user {STRANGER} may not decide here" in stranger.hear().refused
            assert stranger.hear() is None
            stand_in.add_session("c9", STRANGER, "x11")
            person = desktop.Line(node.session_socket, uid=STRANGER)
            assert [update.app for update in person.hear().waiting.updates] == ["demo"]
            stand_in.end_session("c9")
            person.say(choice=Choice(app="demo", kind=Choice.INSTALL_NOW))
            assert "may not decide here" in answer_of(person).message
            stand_in.add_session("c10", STRANGER, "x11")
            person.say(choice=Choice(app="demo", kind=Choice.IN_ONE_HOUR))
            assert answer_of(person).obeyed
            person.close()
    assert standing(node, "postponed").standing == "closed"
    assert node.installed("demo") == "1.0.0"


def test_nonsense_ends_the_connection_and_nothing_else(office):
    node, _ = office()
    for frame in (b"\xff\xff\xff\xff", b"\x00\x00\x20\x00" + bytes(8192), b"\x00\x00\x00\x02\xff\xff"):
        line = desktop.Line(node.session_socket)
        with contextlib.suppress(ConnectionError):
            line.say_bytes(frame)
        while (news := line.hear()) is not None:
            assert not news.waiting.updates
        line.close()
    line = desktop.Line(node.session_socket)
    line.say(choice=Choice(app="nobody", kind=77))
    assert "nothing waits" in answer_of(line).message
    line.close()


@contextlib.contextmanager
def lingering():
    """A TCP socket whose last close sleeps for ten minutes: nobody takes what was sent."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sender = socket.create_connection(server.getsockname())
        receiver, _ = server.accept()
    sender.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            sender.send(bytes(65536))
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 600))
    yield sender
    receiver.close()  # with something unread: the connection is reset, and nothing lingers any more


@pytest.mark.parametrize("frame", [b"\x00\x00\x00\x00", b"\x00\x00"])
def test_a_descriptor_that_nobody_asked_for_holds_up_nobody(office, frame):
    node, _ = office()
    with lingering() as sender:
        line = desktop.Line(node.session_socket)
        node.daemon.process.send_signal(signal.SIGSTOP)
        line.say_bytes(frame, [sender.fileno()])
        os.close(sender.detach())  # the last copy is on its way
        line.close()
        node.daemon.process.send_signal(signal.SIGCONT)
        answer = node.call("status")
        assert answer.code == 0, answer


@contextlib.contextmanager
def reachable(path):
    """Through every directory above it."""
    before = {place: place.stat().st_mode for place in path.parents}
    for place, mode in before.items():
        place.chmod(mode | 0o111)
    yield
    for place, mode in before.items():
        place.chmod(mode)


def answer_of(line):
    while not (news := line.hear()).HasField("answer"):
        pass
    return news.answer


# Load that is there.


def burn():
    while True:
        pass


@pytest.mark.skipif(not os.path.exists("/proc/pressure/cpu"), reason="this kernel has no pressure stall information")
def test_a_processor_that_others_wait_for_is_left_alone(office):
    node, publish_second = office("cpu_percent = 0\n")
    burners = [multiprocessing.Process(target=burn, daemon=True) for _ in range(2 * os.cpu_count())]
    for burner in burners:
        burner.start()
    publish_second().wait("gate.waiting", "programs had to wait for the processor")
    for burner in burners:
        burner.kill()
        burner.join()
    assert node.installed("demo") == "1.0.0"


def flood(interface):
    """Frames that nobody wants, some 8 MB a second of them."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as line:
        line.bind((interface, 0x88b5))
        frame = b"\xff" * 6 + b"\x02" + bytes(5) + b"\x88\xb5" + bytes(1400)
        while True:
            for _ in range(60):
                line.send(frame)
            time.sleep(0.01)


@pytest.fixture
def wire():
    """Two interfaces, joined: what one sends the other receives."""
    subprocess.run(["ip", "link", "add", "lany0", "type", "veth", "peer", "name", "lany1"], check=True)
    for interface in ("lany0", "lany1"):
        subprocess.run(["ip", "link", "set", interface, "up"], check=True)
    yield "lany0"
    subprocess.run(["ip", "link", "del", "lany0"], check=True)


@pytest.mark.networks
def test_a_network_that_others_fill_is_left_alone(office, wire):
    node, publish_second = office("network_kib_per_second = 1024\n")
    flooding = multiprocessing.Process(target=flood, args=[wire], daemon=True)
    flooding.start()
    told = publish_second().wait("gate.waiting", "KiB/s for others; at most 1024 KiB/s is allowed")
    assert node.installed("demo") == "1.0.0", told
    flooding.kill()
    flooding.join()
    node.daemon.wait("attempt.committed", "2.0.0")
    assert "the network carries" in node.history()[0].passed_because
