"""A desktop of a test's own: an X server without a screen (Xvfb), a session bus, and on it stand-ins for the service that
shows notifications and for GNOME's idle monitor (python3-dbusmock)."""
import contextlib
import os
import pathlib
import socket
import subprocess
import sys

import dbus
import dbus.bus

from . import enclosure, messages, programs

MOCK = "org.freedesktop.DBus.Mock"
NOTIFICATIONS, NOTIFICATIONS_PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"
MUTTER, MUTTER_PATH = "org.gnome.Mutter.IdleMonitor", "/org/gnome/Mutter/IdleMonitor/Core"
SCREEN_KEYS = ("DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")


@contextlib.contextmanager
def as_user(uid):
    """Whoever is connected to meanwhile sees that user."""
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)


class Desktop:
    def __init__(self, screen=True, bus=True):
        self._processes = []
        self._display = self.bus = None
        self.environment = {}
        if screen:
            self.environment["DISPLAY"] = self._start_screen()
        if bus:
            server = self._start("dbus-daemon", "--session", "--nofork", "--print-address", stdout=subprocess.PIPE)
            self.environment["DBUS_SESSION_BUS_ADDRESS"] = server.stdout.readline().strip()
            self.bus = dbus.bus.BusConnection(self.environment["DBUS_SESSION_BUS_ADDRESS"])

    def _start(self, *command, **options):
        process = subprocess.Popen(command, text=True, preexec_fn=enclosure.die_with_parent,
                                   env={**os.environ, **self.environment}, stderr=subprocess.DEVNULL, **options)
        self._processes.append(process)
        return process

    def _start_screen(self):
        reads, writes = os.pipe()
        self._start("Xvfb", "-displayfd", str(writes), "-screen", "0", "640x480x24", "-nolisten", "tcp",
                    pass_fds=[writes])
        os.close(writes)
        with open(reads, encoding="utf-8") as numbers:
            return ":" + numbers.readline().strip()

    def _service(self, name, path, *how):
        self._start(sys.executable, "-m", "dbusmock", *how, stdout=subprocess.DEVNULL)
        programs.wait_until(lambda: self.bus.name_has_owner(name), f"{name}'s stand-in answers")
        return dbus.Interface(self.bus.get_object(name, path), MOCK)

    # The screen and what sits before it.
    def display(self):
        from Xlib import display

        self._display = self._display or display.Display(self.environment["DISPLAY"])
        return self._display

    def type(self):
        from Xlib import X
        from Xlib.ext import xtest

        for kind in (X.KeyPress, X.KeyRelease):
            xtest.fake_input(self.display(), kind, 38)
        self.display().sync()

    def window(self, name):
        """The active window, of this class; as a window manager would say so."""
        from Xlib import Xatom

        root = self.display().screen().root
        window = root.create_window(0, 0, 640, 480, 0, 24)
        window.set_wm_class(name.lower(), name)
        window.map()
        root.change_property(self.display().intern_atom("_NET_ACTIVE_WINDOW"), Xatom.WINDOW, 32, [window.id])
        self.display().sync()
        return window

    def fill_screen(self, window, fills):
        from Xlib import Xatom

        states = [self.display().intern_atom("_NET_WM_STATE_FULLSCREEN")] if fills else []
        window.change_property(self.display().intern_atom("_NET_WM_STATE"), Xatom.ATOM, 32, states)
        self.display().sync()

    # GNOME's idle monitor.
    def mutter(self, seconds):
        """From now on it says that nobody has touched the machine for so long."""
        if not hasattr(self, "_mutter"):
            self._mutter = self._service(MUTTER, MUTTER_PATH, MUTTER, MUTTER_PATH, MUTTER)
        self._mutter.AddMethod(MUTTER, "GetIdletime", "", "t", f"ret = dbus.UInt64({seconds * 1000})")

    # Notifications.
    def show_notifications(self):
        template = pathlib.Path(__file__).with_name("notifications_stand_in.py")
        self._notifications = self._service(NOTIFICATIONS, NOTIFICATIONS_PATH, "--template", template)

    def notifications(self):
        """What Notify was called with, each time."""
        return [[*call[1]] for call in self._notifications.GetMethodCalls("Notify")]

    def closed(self):
        """The numbers that were to be closed."""
        return [int(call[1][0]) for call in self._notifications.GetMethodCalls("CloseNotification")]

    def press(self, number, action):
        self._notifications.EmitSignal(NOTIFICATIONS, "ActionInvoked", "us", [dbus.UInt32(number), action])

    # The helper.
    def helper(self, socket_path, log, environment=None):
        clean = {key: value for key, value in os.environ.items() if key not in SCREEN_KEYS}
        clean.update(self.environment, **(environment or {}))
        command = ["/usr/bin/env", "-i", *(f"{key}={value}" for key, value in clean.items()),
                   programs.BIN / "lanyard-session", "--socket", socket_path]
        return programs.Daemon(command, log=log)

    def stop(self):
        if self._display:
            self._display.close()
        if self.bus:
            self.bus.close()
        for process in reversed(self._processes):
            process.terminate()
            process.wait()


class Line:
    """The session socket as a helper sees it."""

    def __init__(self, path, uid=0):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(programs.PATIENCE)
        with as_user(uid):
            self._socket.connect(str(path))

    def say(self, **message):
        body = messages.session_pb2.SessionMessage(**message).SerializeToString()
        self.say_bytes(len(body).to_bytes(4, "big") + body)

    def say_bytes(self, frame, descriptors=()):
        socket.send_fds(self._socket, [frame], descriptors)

    def hear(self):
        """The next message; None: the node has hung up."""
        try:
            return receive(self._socket, messages.session_pb2.SessionNews)
        except ConnectionError:
            return None

    def close(self):
        self._socket.close()


def receive(line, kind):
    """One message of a stream socket; None: its end."""
    head = line.recv(4, socket.MSG_WAITALL)
    if len(head) < 4:
        return None
    return kind.FromString(line.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL))


class Listener:
    """A node that only listens to what a helper says."""

    def __init__(self, path):
        self._acceptor = socket.socket(socket.AF_UNIX)
        self._acceptor.settimeout(programs.PATIENCE)
        self._acceptor.bind(str(path))
        self._acceptor.listen()
        self._line = None

    def state(self):
        """The next one."""
        if self._line is None:
            self._line = self._acceptor.accept()[0]
            self._line.settimeout(programs.PATIENCE)
        message = receive(self._line, messages.session_pb2.SessionMessage)
        assert message is not None and message.HasField("state"), message
        return message.state

    def close(self):
        for line in (self._line, self._acceptor):
            if line:
                line.close()
