"""Prints the sources that do not reach Asio through any include of ours: those which clang 14 can parse."""
import functools
import pathlib
import re

INCLUDE = re.compile(r'^#include [<"]([^>"]+)[>"]', re.MULTILINE)


@functools.lru_cache(None)
def reaches_asio(file):
    for name in INCLUDE.findall(pathlib.Path(file).read_text()):
        if name.startswith(("boost/asio", "boost/beast", "libtorrent/")):
            return True
        if pathlib.Path(name).exists() and reaches_asio(name):
            return True
    return False


for top in ("proto", "manifests", "seeder", "node"):
    for source in sorted(pathlib.Path(top).rglob("*.cc")):
        if not reaches_asio(str(source)):
            print(source)
