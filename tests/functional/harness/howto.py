"""The commands of a how-to, run as they stand there: the page and the drill cannot drift apart."""
import os
import pathlib
import re
import subprocess

from . import programs

PAGES = pathlib.Path(__file__).resolve().parents[3] / "docs" / "how-to"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SETTINGS = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Page:
    """Its blocks of commands, run one after the other in one directory; what a block sets, the next ones know."""

    def __init__(self, name, place, seeder, node=None):
        text = (PAGES / f"{name}.md").read_text()
        self.blocks = BLOCK.findall(text)
        self.settings = SETTINGS.findall(text)
        self.done = 0
        self.place = pathlib.Path(place)
        self.place.mkdir(exist_ok=True)
        # On the page the programs are on the PATH, and the state directory and the address are the usual ones.
        where = f'--url {seeder.url} --listen {seeder.address} --port {seeder.port} --swarm-port {seeder.swarm_port}'
        self.prelude = (f'set -eu\nPATH="{programs.BIN}:$PATH"\nSEEDER_STATE="{seeder.state}"\n'
                        'lanyard-seeder() {\n'
                        f'  if [ "$1" = init ]; then set -- "$@" {where}; fi\n'
                        '  command lanyard-seeder "$@" --state "$SEEDER_STATE"\n'
                        '}\n')
        if node:
            self.prelude += f'lanyard-node() {{ command lanyard-node "$@" --state "{node.state}"; }}\n'
        self.variables = self.place / ".variables"
        self.variables.write_text("")

    def set(self, **values):
        """What the page asks its reader to fill in."""
        with open(self.variables, "a", encoding="utf-8") as out:
            out.writelines(f'{name}="{value}"\n' for name, value in values.items())

    def run(self, code=0):
        """The next block; gives what it wrote to stdout."""
        block = self.blocks[self.done]
        self.done += 1
        script = f'{self.prelude}. "{self.variables}"\n{block}declare -p REQUEST >>"{self.variables}" 2>/dev/null || true'
        done = subprocess.run(["bash", "-c", script],
                              cwd=self.place, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              timeout=programs.PATIENCE, env={**os.environ, "LC_ALL": "C.UTF-8"})
        assert done.returncode == code, f"{block}\n{done.stdout}\n{done.stderr}"
        assert not programs.SANITIZER.search(done.stderr), done.stderr
        return done.stdout

    def finished(self):
        return self.done == len(self.blocks)
