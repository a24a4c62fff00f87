"""A daemon that can be held at the very beginning of a phase: the phase is written down, and nothing of it is done."""
import ctypes
import fcntl
import os
import threading

from . import programs

LIBC = ctypes.CDLL(None, use_errno=True)
ONE_LINE = 4096  # the smallest pipe: one packet fits in
MOST = 65536


class Lockstep(programs.Daemon):
    """Its stderr is a pipe that takes one line: until that is read, the daemon stands still in writing the next one.

    `hold_after` names an event. Its line is left in the pipe, and `held` is set: the daemon goes on up to the event that
    comes next, and no further until it is killed or release() is called.
    """

    def __init__(self, command, hold_after, text="", log=None):
        self.hold_after, self.text = hold_after, text
        self.held, self._released = threading.Event(), threading.Event()
        # Packets: what is written at once stays together, and fills a place however short it is.
        self._out, self._in = os.pipe2(os.O_DIRECT | os.O_CLOEXEC)
        fcntl.fcntl(self._in, fcntl.F_SETPIPE_SZ, ONE_LINE)
        self._copy_out, self._copy_in = os.pipe2(os.O_CLOEXEC)
        super().__init__(command, log=log, stderr=self._in)

    def _stderr(self):
        os.close(self._in)
        while LIBC.tee(self._out, self._copy_in, MOST, 0) > 0:  # waits for a line, and leaves it where it is
            line = os.read(self._copy_out, MOST).decode(errors="replace")
            found = programs.EVENT.match(line.rstrip("\n"))
            if found and found.group(3) == self.hold_after and self.text in found.group(4):
                self.held.set()
                self._released.wait()
            os.read(self._out, MOST)
            yield line
        for end in (self._out, self._copy_out, self._copy_in):
            os.close(end)

    def wait_until_held(self):
        assert self.held.wait(programs.PATIENCE), "\n".join([f"no {self.hold_after}:", *self.lines[-40:]])

    def release(self):
        self._released.set()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.release()
        super().kill()

    def stop(self):
        self.release()
        return super().stop()
