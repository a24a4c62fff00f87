"""A machine of a test's own to install packages on: this one's file system, with every change kept apart.

An overlay of "/" whose changes lie in memory: dpkg and rpm in there are the real ones, with the real database beside
them, and nothing of what they do reaches this machine. Inside an enclosure only, which takes the mounts away."""
import ctypes
import os
import pathlib
import subprocess

from . import enclosure

MS_BIND = 0x1000
MS_REC = 0x4000
MNT_DETACH = 2


def mount(source, target, kind, flags=0, options=None):
    enclosure.call(enclosure.libc.mount, source.encode(), str(target).encode(), kind.encode(), ctypes.c_ulong(flags),
                   options.encode() if options else None)


class Machine:
    """`shared`: a directory that is the same inside and outside."""

    def __init__(self, place, shared):
        self.place = pathlib.Path(place)
        self.place.mkdir()
        mount("machine", self.place, "tmpfs", options="size=2g")
        self.root = self.place / "root"
        for name in ("root", "changes", "work"):
            (self.place / name).mkdir()
        mount("machine", self.root, "overlay",
              options=f"lowerdir=/,upperdir={self.place}/changes,workdir={self.place}/work")
        for path in ("/proc", "/dev", str(shared)):
            (self.root / path[1:]).mkdir(parents=True, exist_ok=True)
            mount(path, self.root / path[1:], "none", MS_BIND | MS_REC)
        # What this machine itself waits for is none of the test's business.
        (self.root / "run" / "systemd").mkdir(parents=True, exist_ok=True)

    def enter(self):
        """For preexec_fn: the process is in there."""
        os.chroot(self.root)
        os.chdir("/")

    def run(self, *words, check=True):
        """What a command writes in there."""
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True, preexec_fn=self.enter,
                              stdin=subprocess.DEVNULL, timeout=120)
        assert not check or done.returncode == 0, (words, done)
        return done.stdout.strip()

    def path(self, inside):
        return self.root / str(inside).lstrip("/")

    def remove(self):
        for path in (self.root, self.place):
            enclosure.libc.umount2(str(path).encode(), MNT_DETACH)
        # Nested mounts went with the first.

    def deb_version(self, name):
        """The version that dpkg says is installed as a whole, or its odd status, or None."""
        answer = self.run("dpkg-query", "--show", "--showformat=${db:Status-Status} ${Version}", name, check=False)
        status, _, version = answer.partition(" ")
        if status in ("", "not-installed", "config-files"):
            return None
        return version if status == "installed" else status

    def rpm_version(self, name):
        done = self.run("rpm", "--query", "--queryformat", "%{VERSION} ", name, check=False)
        return None if "not installed" in done else done.strip()
