"""Native packages of the sample application, built by the systems' own tools."""
import pathlib
import shutil
import subprocess

from . import payloads

NAME = "lanyard-shop"
PLACE = f"/opt/{NAME}"


def service(port, **more):
    """publish's options for the sample application where a package has put it."""
    options = payloads.service(port, **more)
    return [str(option).replace("app.py", f"{PLACE}/app.py") for option in options]


def _tree(place, name, version, unhealthy):
    files = place / "opt" / name
    files.mkdir(parents=True)
    shutil.copy(payloads.APP, files / "app.py")
    (files / "VERSION").write_text(version + "\n")
    if unhealthy:
        (files / "unhealthy").write_text("answers 500\n")


def deb(place, version, scripts=None, depends="", unhealthy=False, name=NAME):
    """`scripts`: maintainer scripts by name, without their first line."""
    tree = pathlib.Path(place) / f"{name}-{version}"
    _tree(tree, name, version, unhealthy)
    control = tree / "DEBIAN"
    control.mkdir()
    (control / "control").write_text(
        f"Package: {name}\nVersion: {version}-1\nArchitecture: all\nMaintainer: nobody <nobody@example.com>\n"
        + (f"Depends: {depends}\n" if depends else "") + "Description: the sample application\n")
    for script, text in (scripts or {}).items():
        (control / script).write_text("#!/bin/sh\nset -e\n" + text + "\n")
        (control / script).chmod(0o755)
    result = tree.with_name(tree.name + "_all.deb")
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "--build", tree, result], check=True,
                   stdout=subprocess.DEVNULL)
    return result


def rpm(place, version, scripts=None, requires="", unhealthy=False, name=NAME, provides=""):
    """`scripts`: scriptlets by name ("post"), for /bin/sh."""
    top = pathlib.Path(place) / f"{name}-{version}-rpm"
    _tree(top / "tree", name, version, unhealthy)
    parts = [f"Name: {name}", f"Version: {version}", "Release: 1", "Summary: the sample application", "License: none",
             "BuildArch: noarch", "AutoReqProv: no"]
    parts += [f"Requires: {requires}"] if requires else []
    parts += [f"Provides: {provides}"] if provides else []
    parts += ["%description", "The sample application.", "%install",
              f"mkdir -p %{{buildroot}}/opt/{name}", f"cp {top}/tree/opt/{name}/* %{{buildroot}}/opt/{name}/"]
    for script, text in (scripts or {}).items():
        parts += [f"%{script}", text]
    files = f"/opt/{name}" if not provides else ""
    if provides:
        parts = [part for part in parts if not part.startswith(("cp ", "mkdir "))]
    parts += ["%files", files, ""]
    spec = top / "package.spec"
    spec.write_text("\n".join(parts))
    subprocess.run(["rpmbuild", "-bb", "--quiet", "--define", f"_topdir {top}/top", "--define",
                    "_binary_payload w1.gzdio", "--define", "_buildhost nowhere", spec], check=True,
                   capture_output=True)
    return next((top / "top" / "RPMS").rglob("*.rpm"))
