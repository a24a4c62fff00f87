"""Runs a function where nothing it starts or makes can outlive it.

With root, or where the kernel lets a user make user namespaces, the function runs in private network, process and mount
namespaces: however it ends, SIGKILL included, the kernel ends every process in there and takes away every interface
and mount. Otherwise it runs where it is, and processes are found again by a mark in their environment."""
import ctypes
import dataclasses
import os
import pathlib
import signal
import subprocess
import sys

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

MARK = "LANYARD_ENCLOSURE"

libc = ctypes.CDLL(None, use_errno=True)


@dataclasses.dataclass
class Enclosure:
    """What the function may count on."""

    networks: bool  # it may make network namespaces, and all of 127.0.0.0/8 is its own
    reason: str  # why not


def call(function, *arguments):
    if function(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{function.__name__}: {os.strerror(error)}")


def die_with_parent():
    """For a child just forked: it ends when the thread that forked it ends."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def unshare_all():
    flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET
    if os.geteuid() == 0:
        call(libc.unshare, flags)
        return
    uid, gid = os.getuid(), os.getgid()
    call(libc.unshare, flags | CLONE_NEWUSER)
    pathlib.Path("/proc/self/setgroups").write_text("deny")
    pathlib.Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
    pathlib.Path("/proc/self/gid_map").write_text(f"0 {gid} 1")


def mount_proc():
    """A /proc that shows the processes in here. In a chroot "/" is no mount point, but /proc is."""
    for place in (b"/", b"/proc"):
        if libc.mount(None, place, None, MS_REC | MS_PRIVATE, None) == 0:
            break
    call(libc.mount, b"proc", b"/proc", b"proc", 0, None)


def loopback_up():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def as_init(body):
    """Process 1 of the namespace: starts the body, hands signals on, and reaps what applications leave behind."""
    worker = os.fork()
    if worker == 0:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
        return body()
    signal.signal(signal.SIGINT, lambda *_: None)  # the terminal tells the worker as well
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, _: os.kill(worker, got))
    while True:
        pid, status = os.wait()
        if pid == worker:
            os._exit(exit_code(status))


def exit_code(status):
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def run_enclosed(body):
    """Calls body(Enclosure) and returns its exit code (None counts as 0)."""
    try:
        unshare_all()
    except OSError as error:
        return run_here(body, f"no root, and this system lets no user make namespaces ({error.strerror})")
    sys.stdout.flush()
    init = os.fork()
    if init == 0:
        die_with_parent()
        mount_proc()
        loopback_up()
        os._exit(finished(lambda: as_init(lambda: body(Enclosure(networks=True, reason="")))))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, _: os.kill(init, got))
    return exit_code(os.waitpid(init, 0)[1])


def run_here(body, reason):
    end_marked()
    os.environ[MARK] = mark()
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
    try:
        return finished(lambda: body(Enclosure(networks=False, reason=reason)))
    finally:
        end_marked()


def finished(body):
    try:
        return body() or 0
    except KeyboardInterrupt:
        print("\ninterrupted: everything is removed", file=sys.stderr)
        return 130
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return 1
        return end.code or 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def mark():
    """The same for every run of this program in this tree: so a run finds what a killed one left."""
    return f"{pathlib.Path(sys.argv[0]).resolve()}"


def end_marked():
    """Ends the processes that carry our mark, by their ids."""
    wanted = f"{MARK}={mark()}".encode()
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                os.kill(int(entry.name), signal.SIGKILL)
        except OSError:
            continue
