"""A private system bus with a stand-in for systemd-logind on it (python3-dbusmock)."""
import os
import signal
import subprocess
import sys
import time

import dbus
import dbus.bus

from . import enclosure, programs

NAME, PATH, MANAGER = "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager"
MOCK = "org.freedesktop.DBus.Mock"


class Logind:
    def __init__(self):
        # A session bus lets everybody talk to everybody, which the system bus's configuration does not.
        self._bus = subprocess.Popen(["dbus-daemon", "--session", "--nofork", "--print-address"], text=True,
                                     stdout=subprocess.PIPE, preexec_fn=enclosure.die_with_parent)
        self.environment = {"DBUS_SYSTEM_BUS_ADDRESS": self._bus.stdout.readline().strip()}
        self._mock = subprocess.Popen([sys.executable, "-m", "dbusmock", "--system", "--template", "logind"],
                                      env={**os.environ, **self.environment}, preexec_fn=enclosure.die_with_parent,
                                      stdout=subprocess.DEVNULL)
        self._connection = dbus.bus.BusConnection(self.environment["DBUS_SYSTEM_BUS_ADDRESS"])
        programs.wait_until(lambda: self._connection.name_has_owner(NAME), "logind's stand-in answers")
        self._object = self._connection.get_object(NAME, PATH)
        programs.wait_until(self._loaded, "logind's stand-in has its properties")

    def _loaded(self):
        try:
            return dbus.Interface(self._object, dbus.PROPERTIES_IFACE).Get(MANAGER, "IdleHint") is not None
        except dbus.DBusException:
            return False

    def _set(self, **properties):
        dbus.Interface(self._object, MOCK).UpdateProperties(MANAGER, properties)

    def somebody_types(self):
        self._set(IdleHint=dbus.Boolean(False))

    def idle_for(self, seconds):
        since = int((time.clock_gettime(time.CLOCK_MONOTONIC) - seconds) * 1e6)
        self._set(IdleHint=dbus.Boolean(True), IdleSinceHintMonotonic=dbus.UInt64(since))

    def nobody_is_logged_in(self):
        self._set(IdleHint=dbus.Boolean(True), IdleSinceHintMonotonic=dbus.UInt64(0))

    def add_session(self, name, uid, kind):
        """An active one, of `kind` x11, wayland or tty, that never says that it is idle."""
        dbus.Interface(self._object, MOCK).AddSession(name, "seat0", dbus.UInt32(uid), f"user{uid}", True)
        session = self._connection.get_object(NAME, f"{PATH}/session/{name}")
        dbus.Interface(session, MOCK).UpdateProperties("org.freedesktop.login1.Session", {"Type": kind})

    def end_session(self, name):
        dbus.Interface(self._object, MOCK).RemoveObject(f"{PATH}/session/{name}")

    def inhibit(self, what, who, why, mode="block"):
        """Until what it returns is closed."""
        return dbus.Interface(self._object, MANAGER).Inhibit(what, who, why, mode).take()

    def inhibitors(self):
        """What, who, why and mode of each."""
        listed = dbus.Interface(self._object, MANAGER).ListInhibitors()
        return [tuple(str(word) for word in one[:4]) for one in listed]

    def stop(self):
        self._connection.close()
        for process in (self._mock, self._bus):
            process.send_signal(signal.SIGTERM)
            process.wait()
