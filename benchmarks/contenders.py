"""Who is compared: our command and those of the peers, each with a site over one corpus."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus import NEWS

HERE = Path(__file__).resolve().parent
SITES = HERE / "peers"
OURS = "ours"
PAGES, WHOLE = "ours-pages", "ours-whole"

CONFIG = """\
site: {title: JobContext, url: "https://feeds.example.org/", id: "feeds.example.org,2026", language: en}
corpus: [{path: ../corpus}]
output: feeds
state: .syndicate
"""
# What no peer makes is left out of the comparison with them, and measured beside it.
KINDS = {
    OURS: "feeds: {archive: none}\npages: false\n",
    PAGES: "feeds: {archive: none}\npages: true\n",
    WHOLE: "feeds: {archive: month}\npages: true\n",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One generator, ready to build its site."""

    name: str
    version: str
    command: tuple[str, ...]
    # Where the command runs; `output` and `leftovers` are relative to it.
    folder: Path
    output: str
    # What must go, with the output, for a build from nothing: state and caches.
    leftovers: tuple[str, ...]

    def clean(self) -> None:
        """Remove all that earlier builds left behind."""
        for name in (self.output, *self.leftovers):
            path = self.folder / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def environment(self) -> dict[str, str]:
        """The caller's environment, with caches kept in the site and UTF-8 for all."""
        python_path = os.pathsep.join(filter(None, (str(HERE.parent), os.getenv("PYTHONPATH"))))
        mine = {
            "HUGO_CACHEDIR": str(self.folder / "cache"),
            "JEKYLL_ENV": "production",
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
        }
        # From a checkout that nobody installed, ours is found as well.
        ours = {"PYTHONPATH": python_path} if self.name in KINDS else {}
        # Python's programs keep their compiled modules, as every installation does.
        theirs = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {**theirs, **mine, **ours}


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """How a peer is found and called."""

    title: str
    # The command for an installation in a folder; None when it is not there.
    find: Callable[[Path], tuple[str, ...] | None]
    arguments: tuple[str, ...]
    version_arguments: tuple[str, ...]
    # The name under which its site sees the corpus, None when an argument says where it is.
    corpus_link: str | None
    leftovers: tuple[str, ...]


def _hugo(peers: Path) -> tuple[str, ...] | None:
    # The binary itself: the package's launcher would add the start of a Python.
    found = sorted(peers.glob("venv/lib/python*/site-packages/hugo/binaries/hugo"))
    return (str(found[0]),) if found else None


def _pelican(peers: Path) -> tuple[str, ...] | None:
    path = peers / "venv" / "bin" / "pelican"
    return (str(path),) if path.exists() else None


def _eleventy(peers: Path) -> tuple[str, ...] | None:
    # The script itself: npx would add the start of npm.
    path = peers / "eleventy" / "node_modules" / "@11ty" / "eleventy" / "cmd.cjs"
    node = shutil.which("node")
    return (node, str(path)) if node and path.exists() else None


def _jekyll(peers: Path) -> tuple[str, ...] | None:  # noqa: ARG001 - the system's, not ours
    path = shutil.which("jekyll")
    return (path,) if path else None


PEERS = {
    "hugo": Peer(
        title="Hugo",
        find=_hugo,
        # Hugo does not follow links, but takes its content from anywhere.
        arguments=("build", "--ignoreCache", "--contentDir", f"../corpus/{NEWS}"),
        version_arguments=("version",),
        corpus_link=None,
        leftovers=("resources", "cache", ".hugo_build.lock"),
    ),
    "eleventy": Peer(
        title="Eleventy",
        find=_eleventy,
        arguments=(),
        version_arguments=("--version",),
        corpus_link="news",
        leftovers=(".cache",),
    ),
    "pelican": Peer(
        title="Pelican",
        find=_pelican,
        arguments=("--settings", "pelicanconf.py", "--quiet"),
        version_arguments=("--version",),
        corpus_link="news",
        leftovers=("cache", "__pycache__"),
    ),
    "jekyll": Peer(
        title="Jekyll",
        find=_jekyll,
        arguments=("build", "--quiet"),
        version_arguments=("--version",),
        corpus_link="_news",
        leftovers=(".jekyll-cache", ".jekyll-metadata"),
    ),
}
TITLES = {
    OURS: "syndicate",
    PAGES: "syndicate, with pages",
    WHOLE: "syndicate, with pages and archives",
    **{name: peer.title for name, peer in PEERS.items()},
}


def missing(names: Sequence[str], peers: Path) -> list[str]:
    """Those of `names` that are not installed."""
    return [name for name in names if PEERS[name].find(peers) is None]


def prepare_ours(work: Path, command: str | None, kind: str = OURS) -> Contender:
    """Our own site in `work`, over the corpus there; `command` replaces our own for a trial."""
    folder = work / kind
    folder.mkdir()
    (folder / "config.yaml").write_text(CONFIG + KINDS[kind], encoding="utf-8")
    program = (sys.executable, "-m", "syndicate")
    if command:
        version, words = "STAND-IN, these are not its figures", tuple(shlex.split(command))
    else:
        version, words = _version((*program, "--version"), cwd=HERE.parent), (*program, "build", "-c", "config.yaml")
    return Contender(
        name=kind,
        version=version,
        command=words,
        folder=folder,
        output="feeds",
        leftovers=(".syndicate",),
    )


def prepare_peer(name: str, work: Path, peers: Path) -> Contender:
    """A copy of the peer's site in `work`, over the corpus there."""
    peer = PEERS[name]
    program = peer.find(peers)
    if program is None:
        raise FileNotFoundError(f"{peer.title} is not installed")
    folder = work / name
    shutil.copytree(SITES / name, folder)
    if peer.corpus_link:
        (folder / peer.corpus_link).symlink_to(work / "corpus" / NEWS, target_is_directory=True)
    return Contender(
        name=name,
        version=_version((*program, *peer.version_arguments)),
        command=(*program, *peer.arguments),
        folder=folder,
        output="public",
        leftovers=peer.leftovers,
    )


def _version(command: Sequence[str], cwd: Path | None = None) -> str:
    said = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True).stdout.split()
    # "hugo v0.168.0-e27a… linux/amd64 …", "jekyll 4.3.1", "4.12.0": the first word with a digit.
    return next(word for word in said if any(map(str.isdigit, word))).split("-")[0].removeprefix("v")
