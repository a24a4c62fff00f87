"""kill -9 at every system call of a walk, and every call failing, by strace's fault injection (scripts/crash)."""
import collections
import dataclasses
import random
import re
import signal

from crash_ground import run

# What waits, wakes or asks for memory changes nothing, and is called as often as it happens to be.
NOT_OF_THE_DISK = {"epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "eventfd2", "poll", "ppoll", "timerfd_create",
                   "timerfd_settime", "mmap", "ioctl"}

# What each call may fail with. 0: it writes nothing, and says so.
OPENING = ("ENOSPC", "EIO", "EROFS", "EMFILE")
CHANGING = ("ENOSPC", "EIO", "EROFS")
ERRORS = {
    "open": OPENING, "openat": OPENING, "creat": OPENING,
    "write": ("ENOSPC", "EIO", 0), "pwrite64": ("ENOSPC", "EIO", 0), "writev": ("ENOSPC", "EIO", 0),
    "fsync": ("EIO", "ENOSPC"), "fdatasync": ("EIO", "ENOSPC"), "syncfs": ("EIO", "ENOSPC"),
    "rename": CHANGING, "renameat": CHANGING, "renameat2": CHANGING, "mkdir": CHANGING, "mkdirat": CHANGING,
    "symlink": CHANGING, "symlinkat": CHANGING, "unlink": ("EIO", "EROFS"), "unlinkat": ("EIO", "EROFS"),
    "rmdir": ("EIO", "EROFS"), "ftruncate": CHANGING, "fallocate": CHANGING, "chmod": ("EIO", "EROFS"),
    "fchmod": ("EIO", "EROFS"), "fchmodat": ("EIO", "EROFS"),
    "read": ("EIO",), "pread64": ("EIO",), "getdents64": ("EIO",), "fstat": ("EIO",), "newfstatat": ("EIO",),
    "lstat": ("EIO",), "stat": ("EIO",), "statx": ("EIO",), "readlink": ("EIO",), "readlinkat": ("EIO",),
    "access": ("EIO",), "statfs": ("EIO",), "close": ("EIO",), "lseek": ("EIO",),
}

AHEAD = 100


@dataclasses.dataclass
class Point:
    """The `number`th call of `name` by a thread, as strace has to be told."""
    name: str
    number: int
    thread: str
    when: int
    burn: int

    def __str__(self):
        return f"{self.name} {self.number} of the {self.thread} thread"


def traced(log, *more):
    return ["strace", "-f", "-qq", "-o", str(log), "-e", "signal=none", *more]


def system_call_numbers():
    seen = run(["cpp", "-dM", "-include", "sys/syscall.h", "/dev/null"], check=True).stdout
    return {name: int(number) for name, number in re.findall(r"#define __NR_(\w+) (\d+)\n", seen)}


def points_of(ground, task):
    """Every call that has to do with files, of either thread, from the beginning of the walk on."""
    with ground.disk_for(task) as disk:
        log = disk.with_suffix(".log")
        run([*traced(log, "-e", "trace=%file,%desc"), *ground.command("live", disk, task)], check=True,
            env={"LANYARD_BURN": "nobody"})
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    calls = [(line.split()[0], found[1], "/crash-walk-begins" in line)
             for line in lines if (found := re.match(r"\d+ +(\w+)\(", line))]
    main = calls[0][0]
    begins = next(i for i, call in enumerate(calls) if call[2])
    before = collections.Counter(name for _, name, _ in calls[:begins + 1])
    after = {"main": collections.Counter(), "pool": collections.Counter()}
    for thread, name, _ in calls[begins + 1:]:
        after["main" if thread == main else "pool"][name] += 1
    points = []
    for thread, names in after.items():
        for name, most in sorted(names.items()):
            if name in NOT_OF_THE_DISK:
                continue
            # strace counts in each thread: this one has to be ahead of the other one, whatever becomes of the walk.
            burn = AHEAD + (after["pool"][name] if thread == "main" else before[name] + after["main"][name])
            base = burn + (before[name] if thread == "main" else 0)
            points += [Point(name, n, thread, base + n, burn) for n in range(1, most + 1)]
    return points


class Strace:
    def __init__(self, ground):
        self.ground, self.numbers = ground, system_call_numbers()

    def inject(self, disk, task, point, what):
        env = {"LANYARD_BURN": f"{point.thread}:{self.numbers[point.name]}:{point.burn}"}
        inject = ("-e", f"trace={point.name}", "-e", f"inject={point.name}:{what}:when={point.when}")
        return run([*traced("/dev/null", *inject), *self.ground.command("live", disk, task)], env=env)

    def kill(self, task, point):
        with self.ground.disk_for(task) as disk:
            done = self.inject(disk, task, point, "signal=KILL")
            if done.returncode not in (-signal.SIGKILL, 128 + signal.SIGKILL):
                return None  # the call was not made this time
            found = self.ground.recover(disk, task)
            found["faults"] = [f"{task}, killed at {point}{fault}" for fault in found["faults"]]
            return found

    def fail(self, task, point, error):
        with self.ground.disk_for(task) as disk:
            what = f"error={error}" if error else "retval=0"
            return self.judge(self.inject(disk, task, point, what), disk, task, f"{task}, {what} at {point}")

    def judge(self, done, disk, task, where):
        # 0: it made up for the fault, 1: it could not even begin, 3: it ended with an error. Anything else is no end.
        if done.returncode not in (0, 1, 3):
            return {"tried": 1, "torn": 1, "unfinished": 0, "faults": [f"{where}: ended with {done.returncode}: {done.stderr}"]}
        found = self.ground.recover(disk, task)
        found["faults"] = [where + fault for fault in found["faults"]]
        return found

    def shorten(self, task, number):
        with self.ground.disk_for(task) as disk:
            done = run(self.ground.command("live", disk, task), env={"LANYARD_SHORT_WRITE": str(number)})
            if done.returncode == 5:
                return None
            return self.judge(done, disk, task, f"{task}, change {number} a short write")


def kill_points(ground, tasks, sample=None, seed=1):
    strace = Strace(ground)
    points = [(task, point) for task in tasks for point in points_of(ground, task)]
    if sample:
        points = random.Random(seed).sample(points, min(sample, len(points)))
    return ground.each(lambda point: strace.kill(*point), points)


def io_faults(ground, tasks, sample=None, seed=1):
    strace = Strace(ground)
    faults = [(strace.fail, task, point, error) for task in tasks for point in points_of(ground, task)
              for error in ERRORS.get(point.name, ())]
    faults += [(strace.shorten, task, number) for task in tasks for number in range(200)]
    if sample:
        faults = random.Random(seed).sample(faults, min(sample, len(faults)))
    return ground.each(lambda fault: fault[0](*fault[1:]), faults)
