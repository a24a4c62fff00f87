"""README.md and the tutorial, typed as they stand there."""
import os
import pathlib
import re
import subprocess

from harness import payloads, programs

ROOT = pathlib.Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PRELUDE = """PATH="{bin}:$PATH"
lanyard-seeder() {{
  case "$1" in
    init) command lanyard-seeder "$@" | tee "{place}/init.out" ;;
    serve) exec lanyard-seeder "$@" ;;  # a job of the shell's own, as without this function
    *) command lanyard-seeder "$@" ;;
  esac
}}
"""


def typed(block, place):
    """What a reader types: the place is ours, what init has printed is filled in, and `seeder.ready` is waited for."""
    printed = place / "init.out"
    for page, ours in (("/tmp/walk", str(place / "walk")),
                       ("serve --state seeder &", "serve --state seeder & until [ -S seeder/seeder.sock ]; do sleep 0.1; done #"),
                       ("--root-digest sha256:...", f"--root-digest $(grep -om1 'sha256:[0-9a-f]*' {printed})"),
                       ("--token ...", f"$(grep -om1 -- '--token [^ ]*' {printed})")):
        block = block.replace(page, ours)
    return block


def walk(blocks, place):
    """Types them all into one shell; gives what each block and its programs have shown."""
    script = PRELUDE.format(bin=programs.BIN, place=place)
    for number, block in enumerate(blocks):
        script += f"{{\n{typed(block, place)}}} >{place}/shown.{number} 2>&1\n"
    subprocess.run(["bash", "-c", script], cwd=place, stdin=subprocess.DEVNULL, timeout=4 * programs.PATIENCE, check=False,
                   env={**os.environ, "LC_ALL": "C.UTF-8"})
    shown = [(place / f"shown.{number}").read_text() for number in range(len(blocks))]
    for text in shown:
        assert not programs.SANITIZER.search(text), text
    return shown


def is_alive(words):
    def command(process):
        try:
            return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    return any(words in command(process) for process in pathlib.Path("/proc").glob("[0-9]*"))


def test_the_tutorial_does_what_it_says(tmp_path):
    build, seeder, serve, release, join, run, second, busy, bad, back, tidy = BLOCK.findall(
        (ROOT / "docs/tutorial/first-update.md").read_text())
    build = "\n".join(line for line in build.splitlines() if line.startswith("mkdir")) + "\n"
    shown = walk([build, seeder, serve, release, join, run, second, busy, bad, back, tidy], tmp_path)
    everything = "\n".join(shown)
    _, seeder, serve, release, join, run, second, busy, bad, back, tidy = shown
    assert "lanyard-node join" in seeder, everything
    assert "Published hello 1.0.0" in release, everything
    assert "hello none -> 1.0.0: updated" in join and "this is version 1" in join, everything
    assert "this is version 2" in second, everything
    assert "hello 2.0.0 -> 3.0.0: updated" in busy, everything
    assert "hello 3.0.0 -> 4.0.0: rolled back" in bad and "rolled back in" in bad, everything
    assert "rolled back" in back and "this is version 2" in back, everything
    assert "seeder.stopped" in serve and "attempt.rolled_back" in run and "node.stopped" in run, everything
    assert not (tmp_path / "walk").exists(), tidy
    programs.wait_until(lambda: payloads.answer(8080) is None, "the server of the tutorial is gone")
    assert not is_alive("sleep 600") and not is_alive("--state seeder") and not is_alive("--state node")


def test_the_readme_does_what_it_says(tmp_path):
    _, block = BLOCK.findall((ROOT / "README.md").read_text())
    tidy = ("kill %1 %2; wait; kill $(cat node/apps/hello/pid)\n")
    first, tidied = walk([re.sub(r"^export PATH=[^;]*; ", "", block), tidy], tmp_path)
    assert "hello none -> 1.0.0: updated" in first and "hello, this is version 1" in first, first
    assert "version   2.0.0" in first, first
    assert "1.0.0 -> 2.0.0  updated" in first, first
    assert "2.0.0 -> 1.0.0" in first or "rolled back" in first, first
    assert (tmp_path / "walk/node/apps/hello/current/index.html").read_text() == "hello, this is version 1\n"
    assert "seeder.stopped" in first and not is_alive("--state seeder"), tidied
