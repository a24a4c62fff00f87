"""Prints the sources that reach no coroutine through any include of ours: those which Debian 12's clang can parse, as
Asio 1.74 has no coroutines for it."""
import functools
import pathlib
import re

INCLUDE = re.compile(r'^#include [<"]([^>"]+)[>"]', re.MULTILINE)
COROUTINE = re.compile(r"\b(?:awaitable|co_await|co_return|co_spawn)\b")


@functools.lru_cache(None)
def reaches_coroutine(file):
    text = pathlib.Path(file).read_text()
    if COROUTINE.search(INCLUDE.sub("", text)):
        return True
    return any(pathlib.Path(name).exists() and reaches_coroutine(name) for name in INCLUDE.findall(text))


for top in ("proto", "manifests", "seeder", "node"):
    for source in sorted(pathlib.Path(top).rglob("*.cc")):
        if not reaches_coroutine(str(source)):
            print(source)
