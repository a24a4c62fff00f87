"""Kills, starves and cuts off a node's walk from one release to the next (tests/crash), and counts. Used by scripts/crash
and by tests/functional/crash_apply.py."""
import argparse
import concurrent.futures
import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from crash_calls import io_faults, kill_points  # noqa: E402
from crash_ground import TASKS, Count, Ground, run  # noqa: E402

# There is a release before the one that is installed.
SPOILT = [("2", "3", "healthy"), ("2", "3", "sick")]

FILE_SYSTEMS = {
    "ext4 ordered": ("ext4", "data=ordered", 64, ["mkfs.ext4", "-q", "-F"]),
    "ext4 writeback": ("ext4", "data=writeback", 64, ["mkfs.ext4", "-q", "-F"]),
    "xfs": ("xfs", "noquota", 300, ["mkfs.xfs", "-q", "-f"]),
}


def model_states(ground, tasks, most, seed=1, deaf=False):
    """`most` for each task, in as many processes as there are workers."""
    def explore(part):
        task, number = part
        found = run([ground.program, "states", str(ground.folder()), str(ground.releases), *TASKS[task],
                     str(max(1, most // ground.workers)), str(seed * 1000 + number), *(["deaf"] if deaf else [])])
        return outcome(found, f"{task}: ")

    for task in tasks:
        ground.start_of(task)
    return ground.each(explore, [(task, number) for task in tasks for number in range(ground.workers)])


def outcome(done, where):
    if done.returncode != 0:
        raise RuntimeError(f"{where}crash_walk ended with {done.returncode}: {done.stderr}")
    found = json.loads(done.stdout)
    found["faults"] = [where + fault for fault in found["faults"]]
    return found


@contextlib.contextmanager
def loop_device(image):
    device = run(["losetup", "--find", "--show", str(image)], check=True).stdout.strip()
    try:
        yield device
    finally:
        run(["losetup", "--detach", device])


def why_no_cuts(ground):
    """Empty where loop devices can be had and mounted."""
    image = ground.root / "try.img"
    with open(image, "wb") as out:
        out.truncate(1 << 20)
    try:
        run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
        with loop_device(image) as device:
            mounted = run(["unshare", "--mount", "mount", device, str(ground.root)])
            return f"nothing can be mounted here ({mounted.stderr.strip()})" if mounted.returncode else ""
    except (OSError, subprocess.CalledProcessError) as why:
        return f"no loop device can be had here ({why})"


def power_cuts(ground, name, most, seed=1, at_once=1, batch=250, deaf=False):
    """On file systems of their own, made anew for each batch: a node keeps a thousand attempts, and reads them."""
    kind, options, megabytes, make = FILE_SYSTEMS[name]

    def cut(number):
        folder = ground.folder()
        image, mounted = folder / "image", folder / "mounted"
        mounted.mkdir()
        with open(image, "wb") as out:
            out.truncate(megabytes << 20)
        run([*make, str(image)], check=True)
        with loop_device(image) as device:
            found = run([ground.program, "cuts", device, kind, options, str(mounted), str(ground.releases),
                         str(min(batch, most)), str(seed * 1000 + number), *(["deaf"] if deaf else [])])
        shutil.rmtree(folder, ignore_errors=True)
        return outcome(found, f"{name}: ")

    ground.start_of("install")
    count = Count()
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        for found in pool.map(cut, range(max(1, -(-most // batch)))):
            count.add(found)
    return count


def corruptions(ground, most, seed=1):
    def spoil(task):
        found = run([ground.program, "spoil", str(ground.folder()), str(ground.releases), *task, str(most), str(seed)])
        return outcome(found, f"{' '.join(task)}: ")

    ground.start_of("install")
    return ground.each(spoil, SPOILT)


@dataclasses.dataclass
class Size:
    """How much of each kind is tried; nothing: all there is."""
    kills: int | None
    faults: int | None
    cuts: int      # on each file system
    states: int    # of each task
    spoilt: int    # of each task


FULL = Size(kills=None, faults=None, cuts=3_500, states=40_000, spoilt=30_000)
QUICK = Size(kills=40, faults=60, cuts=40, states=300, spoilt=200)


def everything(ground, size, seed, say):
    """Name of a kind of crash to its Count, one after the other; reasons of what is left out to `say`."""
    def counted(name, work):
        began = time.monotonic()
        count = work()
        seconds = time.monotonic() - began
        say(f"{name}: {count.tried} in {seconds:.0f} s, torn {count.torn}, hand repairs {count.unfinished}")
        if count.checked:
            say(f"  {count.checked} file systems were broken themselves, and were mended by e2fsck -p")
        for fault in count.faults[:10]:
            say(f"  {fault}")
        return name, count

    tasks = list(TASKS)
    yield counted("kill points", lambda: kill_points(ground, tasks, size.kills, seed))
    yield counted("I/O faults", lambda: io_faults(ground, tasks, size.faults, seed))
    if why_not := why_no_cuts(ground):
        say(f"power cuts: left out, {why_not}")
    else:
        for name in FILE_SYSTEMS:
            yield counted(f"power cuts, {name}",
                          lambda name=name: power_cuts(ground, name, size.cuts, seed, at_once=ground.workers))
    yield counted("model states", lambda: model_states(ground, tasks, size.states, seed))
    yield counted("spoilt state", lambda: corruptions(ground, size.spoilt, seed))


def main():
    asked = argparse.ArgumentParser(prog="scripts/crash")
    asked.add_argument("--program", required=True)
    asked.add_argument("--quick", action="store_true")
    asked.add_argument("--json", action="store_true")
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args()

    def say(words):
        print(words, file=sys.stderr, flush=True)

    with Ground(options.program, 2 * (os.cpu_count() or 1)) as ground:
        counts = dict(everything(ground, QUICK if options.quick else FULL, options.seed, say))
    torn = sum(count.torn for count in counts.values())
    by_hand = sum(count.unfinished for count in counts.values())
    if options.json:
        print(json.dumps({"schema": 1, "seed": options.seed, "torn": torn, "hand_repairs": by_hand,
                          "tried": {name: count.tried for name, count in counts.items()},
                          "faults": [fault for count in counts.values() for fault in count.faults]}))
    else:
        for name, count in counts.items():
            print(f"{name:28}{count.tried:9}")
        print(f"{'torn states':28}{torn:9}\n{'hand repairs':28}{by_hand:9}")
    return 1 if torn or by_hand else 0


if __name__ == "__main__":
    sys.exit(main())
