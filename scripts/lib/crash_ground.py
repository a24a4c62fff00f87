"""Where crashes are tried (scripts/crash): disks in memory, the program that is killed, and what came of it."""
import concurrent.futures
import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading

TASKS = {"update": ("1", "2", "healthy"), "roll back": ("1", "2", "sick"), "install": ("0", "1", "healthy")}


@dataclasses.dataclass
class Count:
    tried: int = 0
    torn: int = 0
    unfinished: int = 0
    checked: int = 0  # file systems that were broken themselves, and were mended by their own check, as at a start
    faults: list = dataclasses.field(default_factory=list)

    def add(self, found, where=""):
        self.tried += found["tried"]
        self.torn += found["torn"]
        self.unfinished += found["unfinished"]
        self.checked += found.get("checked", 0)
        self.faults += [f"{where}{fault}" for fault in found["faults"]]


class Ground:
    """A directory in memory, the program, and a disk to begin with for each task."""

    def __init__(self, program, workers):
        self.program, self.workers = str(program), workers
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="lanyard-crash-", dir="/dev/shm"))
        self.releases = self.folder("releases")
        self.starts = {}
        self.lock = threading.Lock()
        self.made = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root, ignore_errors=True)

    def folder(self, name=None):
        if name is None:
            with self.lock:
                self.made += 1
                name = f"part-{self.made}"
        path = self.root / name
        path.mkdir()
        return path

    def command(self, verb, disk, task):
        return [self.program, verb, str(disk), str(self.releases), *TASKS[task]]

    def start_of(self, task):
        if task not in self.starts:
            disk = self.folder()
            (disk / "state").mkdir()
            first = TASKS[task][0]
            if first != "0":
                run([self.program, "live", str(disk), str(self.releases), "0", first, "healthy"], check=True)
            else:  # so that the packages are there
                run(self.command("live", shutil.copytree(disk, self.root / "first", symlinks=True), task), check=True)
            self.starts[task] = disk
        return self.starts[task]

    @contextlib.contextmanager
    def disk_for(self, task):
        disk = self.folder()
        shutil.copytree(self.start_of(task), disk, symlinks=True, dirs_exist_ok=True)
        try:
            yield disk
        finally:
            shutil.rmtree(disk)

    def recover(self, disk, task):
        done = run(self.command("recover", disk, task))
        if done.returncode != 0:
            return {"tried": 1, "torn": 0, "unfinished": 1, "faults": [f"the next start died: {done.stderr}"]}
        return json.loads(done.stdout)

    def each(self, work, points):
        """work(point) of all, a few at a time; those that could not be tried give None."""
        count = Count()
        with concurrent.futures.ThreadPoolExecutor(self.workers) as pool:
            for found in pool.map(work, points):
                if found:
                    count.add(found)
        return count


def run(command, check=False, **options):
    options["env"] = {**os.environ, **options.get("env", {})}
    # LeakSanitizer cannot look for leaks under strace, and a killed process has none.
    options["env"]["ASAN_OPTIONS"] = options["env"].get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    return subprocess.run(command, capture_output=True, text=True, check=check, timeout=3600, **options)
