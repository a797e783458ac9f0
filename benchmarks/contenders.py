"""The generators that are compared: syndicate and its peers, each with its own site over the same corpus."""

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
PAGES, DEFAULTS = "ours-pages", "ours-defaults"
HUGO_WHOLE = "hugo-whole"
ASIDE = "aside"

CONFIG = """\
site: {title: Bench, url: "https://feeds.example.org/", id: "feeds.example.org,2026", language: en}
corpus: [{path: ../corpus}]
output: feeds
state: .syndicate
"""
# Pages and archives, which no peer makes, are excluded from the comparison and measured separately.
KINDS = {
    OURS: "feeds: {archive: none}\npages: false\n",
    PAGES: "feeds: {archive: none}\n",
    DEFAULTS: "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One generator, ready to build its site."""

    name: str
    version: str
    command: tuple[str, ...]
    # The working folder of the command; `output` and `leftovers` are relative to it.
    folder: Path
    output: str
    # State and caches, which a build from nothing must not find.
    leftovers: tuple[str, ...]

    def clean(self) -> None:
        """Moves the output, the state and the caches of earlier builds aside.

        They are not deleted: ext4 passes over the inodes of files that were deleted within the last minutes, one by
        one, so that the next build of any program takes seconds longer.
        """
        aside = self.folder / ASIDE
        aside.mkdir(exist_ok=True)
        target = aside / str(len(os.listdir(aside)))
        target.mkdir()
        for name in (self.output, *self.leftovers):
            if os.path.lexists(self.folder / name):
                (self.folder / name).rename(target / name)

    def aside_bytes(self) -> int:
        """Returns how many bytes the files have that `clean` moved aside."""
        files = (os.path.join(folder, name) for folder, _, names in os.walk(self.folder / ASIDE) for name in names)
        return sum(os.lstat(file).st_size for file in files)

    def discard(self) -> None:
        """Deletes what `clean` moved aside."""
        shutil.rmtree(self.folder / ASIDE, ignore_errors=True)

    def environment(self) -> dict[str, str]:
        """Returns the caller's environment, with UTF-8 and with caches inside the site."""
        python_path = os.pathsep.join(filter(None, (str(HERE.parent), os.getenv("PYTHONPATH"))))
        shared = {
            "HUGO_CACHEDIR": str(self.folder / "cache"),
            "JEKYLL_ENV": "production",
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
        }
        # Makes a checkout importable that is not installed.
        ours = {"PYTHONPATH": python_path} if self.name in KINDS else {}
        # Python programs store their compiled modules, as in every installation.
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {**inherited, **shared, **ours}


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """How to find and run a peer."""

    title: str
    # Returns the command of an installation in a folder, or None when it is not installed.
    find: Callable[[Path], tuple[str, ...] | None]
    arguments: tuple[str, ...]
    version_arguments: tuple[str, ...]
    # The name of the link to the corpus in the site; None when an argument names the corpus.
    corpus_link: str | None
    leftovers: tuple[str, ...]


def _hugo(peers: Path) -> tuple[str, ...] | None:
    # The binary itself: the package's launcher would add the start-up time of Python.
    found = sorted(peers.glob("venv/lib/python*/site-packages/hugo/binaries/hugo"))
    return (str(found[0]),) if found else None


def _pelican(peers: Path) -> tuple[str, ...] | None:
    path = peers / "venv" / "bin" / "pelican"
    return (str(path),) if path.exists() else None


def _eleventy(peers: Path) -> tuple[str, ...] | None:
    # The script itself: npx would add the start-up time of npm.
    path = peers / "eleventy" / "node_modules" / "@11ty" / "eleventy" / "cmd.cjs"
    node = shutil.which("node")
    return (node, str(path)) if node and path.exists() else None


def _jekyll(peers: Path) -> tuple[str, ...] | None:  # noqa: ARG001 - installed by the system
    path = shutil.which("jekyll")
    return (path,) if path else None


PEERS = {
    "hugo": Peer(
        title="Hugo",
        find=_hugo,
        # Hugo does not follow links, but accepts any content folder.
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
# A variant of a peer for the job of our defaults: every feed with all of its entries. A peer has no archives, so one
# document holds the history. It is measured where the peer itself is.
PEERS_WHOLE = {"hugo": HUGO_WHOLE}
TITLES = {
    OURS: "syndicate",
    PAGES: "syndicate, with pages",
    DEFAULTS: "syndicate, defaults (pages and archives)",
    **{name: peer.title for name, peer in PEERS.items()},
    HUGO_WHOLE: "Hugo, all entries in every feed",
}


def missing(names: Sequence[str], peers: Path) -> list[str]:
    """Returns the names of the peers that are not installed."""
    return [name for name in names if PEERS[name].find(peers) is None]


def prepare_ours(work: Path, command: str | None, kind: str = OURS) -> Contender:
    """Makes a site for syndicate in `work`, over the corpus there; a `command` replaces the usual one for a trial."""
    folder = work / kind
    folder.mkdir()
    (folder / "config.yaml").write_text(CONFIG + KINDS[kind], encoding="utf-8")
    program = (sys.executable, "-m", "syndicate")
    if command:
        version, words = "replaced by another command: these are not its figures", tuple(shlex.split(command))
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


def prepare_hugo_whole(work: Path, peers: Path) -> Contender:
    """Copies the site of Hugo to `work`, with all entries in every feed."""
    contender = prepare_peer("hugo", work, peers, HUGO_WHOLE)
    config = contender.folder / "hugo.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("params: { entries: 50 }", "params: { entries: 10000000 }"), encoding="utf-8")
    return contender


def prepare_peer(name: str, work: Path, peers: Path, title: str = "") -> Contender:
    """Copies the site of a peer to `work`, over the corpus there. Raises FileNotFoundError when it is not installed."""
    title = title or name
    peer = PEERS[name]
    program = peer.find(peers)
    if program is None:
        raise FileNotFoundError(f"{peer.title} is not installed")
    folder = work / title
    shutil.copytree(SITES / name, folder)
    if peer.corpus_link:
        (folder / peer.corpus_link).symlink_to(work / "corpus" / NEWS, target_is_directory=True)
    return Contender(
        name=title,
        version=_version((*program, *peer.version_arguments)),
        command=(*program, *peer.arguments),
        folder=folder,
        output="public",
        leftovers=peer.leftovers,
    )


def _version(command: Sequence[str], cwd: Path | None = None) -> str:
    output = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True).stdout.split()
    # "hugo v0.168.0-e27a… linux/amd64 …", "jekyll 4.3.1", "4.12.0": the first word with a digit.
    return next(word for word in output if any(map(str.isdigit, word))).split("-")[0].removeprefix("v")
