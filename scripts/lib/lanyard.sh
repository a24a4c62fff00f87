# Shared by the programs in scripts/: `source` it. It moves to the top of the tree, and gives messages, Debian packages
# and builds. Everything may be run again at any time.
# shellcheck shell=bash

set -euo pipefail

LANYARD_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
cd "$LANYARD_ROOT"

# Debian's own programs first: another python3 or cmake on the PATH has neither our modules nor our libraries.
export PATH="/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH"
PYTHON=(/usr/bin/python3 -I -B)

BUILD_PACKAGES=(
  g++ cmake ninja-build ccache mold pkg-config protobuf-compiler
  libarchive-dev libboost-dev libcli11-dev libexpected-dev libfmt-dev libhowardhinnant-date-dev libprotobuf-dev libqrencode-dev
  libseccomp-dev libspdlog-dev libsqlite3-dev libsqlitecpp-dev libssl-dev libsystemd-dev libtomlplusplus-dev libtorrent-rasterbar-dev
  libx11-dev libxss-dev libzstd-dev zlib1g-dev)
TEST_PACKAGES=(
  aria2 curl dbus googletest iproute2 libgtest-dev opensc openssl python3 python3-cryptography python3-dbusmock
  python3-gi python3-protobuf python3-pytest python3-xlib rpm softhsm2 transmission-cli xvfb zstd)
DEMO_PACKAGES=(ca-certificates curl iproute2 python3 python3-protobuf)
BENCH_PACKAGES=(aria2 ca-certificates curl iproute2 python3 python3-protobuf wrk)
CRASH_PACKAGES=(cpp e2fsprogs mount strace util-linux xfsprogs)
FUZZ_PACKAGES=(clang-14 libclang-rt-14-dev llvm-14)
STYLE_PACKAGES=(clang-format-14 clang-tidy-14 python3)

started_at=$SECONDS

# say WORDS: one line of progress, with the minutes and seconds since the start.
say() { printf '\n== %02d:%02d  %s\n' $(((SECONDS - started_at) / 60)) $(((SECONDS - started_at) % 60)) "$*"; }

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# usage_of FILE: the comment at its top, after the first line.
usage_of() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$1"; }

missing_packages() {
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || echo "$package"
  done
}

# as_root COMMAND: as it is for root, through sudo for others.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

on_debian_12() {
  local id version
  id="$(sed -n 's/^ID=//p' /etc/os-release 2>/dev/null | tr -d '"')"
  version="$(sed -n 's/^VERSION_ID=//p' /etc/os-release 2>/dev/null | tr -d '"')"
  [ "$id" = debian ] && [ "$version" = 12 ] && return
  die "this is ${id:-an unknown system} ${version:-}, and Lanyard is built with the compiler and libraries of Debian 12. Run it there (a chroot made by mmdebstrap will do)."
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

apt_update() {
  say "package lists: apt-get update"
  as_root apt-get update -q
}

# need_packages PACKAGE...: installs those that are missing, as root or through sudo, and says which.
need_packages() {
  on_debian_12
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -eq 0 ] && return
  say "Debian packages to install: ${missing[*]}"
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      die "these packages are missing, and there is neither root nor sudo to install them. As root, run: apt-get install ${missing[*]}"
    sudo -n true 2>/dev/null || [ -t 0 ] ||
      die "these packages are missing, and sudo asks for a password with no terminal to type it on. As root, run: apt-get install ${missing[*]}"
  fi
  # Lists that are absent or out of date show as a package without a candidate, or as a download that fails.
  if apt-cache show --no-all-versions "${missing[@]}" >/dev/null 2>&1 && apt_install "${missing[@]}"; then
    return
  fi
  apt_update
  apt_install "${missing[@]}" ||
    die "apt-get could not install ${missing[*]}. See its message above; the programs need Debian 12's main archive."
}

# unpacked_deb PACKAGE DIR: the files of a Debian package under DIR, downloaded once, not installed.
unpacked_deb() {
  local package="$1" dir="$2"
  [ -e "$dir/.complete" ] && return
  say "downloading Debian's $package (not installed, unpacked into ${dir#"$LANYARD_ROOT"/})"
  rm -rf "$dir"
  mkdir -p "$dir"
  (
    cd "$dir"
    apt-get download -q -o APT::Sandbox::User=root "$package" 2>/dev/null || {
      apt_update
      apt-get download -q -o APT::Sandbox::User=root "$package"
    }
  ) || die "could not download Debian's $package. The archive must be reachable for this."
  dpkg -x "$dir"/*.deb "$dir"
  rm -f "$dir"/*.deb
  touch "$dir/.complete"
}

# jobs: how many compilers fit: one a processor, and about 1.5 GB of memory each (the Beast and libtorrent sources).
jobs_that_fit() {
  local by_memory
  by_memory=$(awk '/^MemAvailable/ {print int($2 / 1500000)}' /proc/meminfo)
  local processors
  processors=$(nproc)
  [ "$by_memory" -lt 1 ] && by_memory=1
  echo $((by_memory < processors ? by_memory : processors))
}

# build_preset PRESET [TARGET...]
build_preset() {
  local preset="$1"
  shift
  cmake --preset "$preset" >"build/configure-$preset.log" 2>&1 || {
    cat "build/configure-$preset.log" >&2
    die "the configuration of the $preset preset failed, see above. A fresh start: rm -r build/$preset"
  }
  cmake --build --preset "$preset" -j "$(jobs_that_fit)" ${1:+--target "$@"}
}

mkdir -p build
