"""The configuration as values: one model a section, each default stated once."""

from collections.abc import Mapping
from typing import NamedTuple

from ..errors import Problem
from ..model import Presentation, Selection, Site


class Source(NamedTuple):
    """One corpus folder: `path` as the configuration wrote it, `root` where it is.

    `prefix` is put before the paths of its files to make identities: empty for the first source, so that one more
    source changes none; else the folder's name between slashes, which no path within the first begins with.
    """

    path: str
    root: str
    aliases: Mapping[str, tuple[str, ...]]
    prefix: str = ""
    include: tuple[str, ...] = ("**/*.md",)
    exclude: tuple[str, ...] = ()
    max_bytes: int = 8 * 1024 * 1024


class Hub(NamedTuple):
    """A WebSub hub. `header_env` names the environment variable that holds a header for it; at most `concurrency` pings
    are under way to it at once.
    """

    url: str
    header_env: str = ""
    concurrency: int = 8


class Push(NamedTuple):
    """How hubs are told. With `verify` a ping waits until the public feed has the bytes just built, at most so long;
    then it goes out all the same, or fails. With `pages` hubs are told of the pages for people, too.
    """

    verify: bool = True
    verify_timeout_s: float = 600.0
    unverified: str = "ping"
    pages: bool = False
    timeout_s: float = 15.0
    concurrency: int = 32
    attempts: int = 12
    window_h: float = 72.0


class Serve(NamedTuple):
    """Where `syndicate serve` listens, and for how long its answers may be kept; archives of past periods longer.

    The site is not well when the last build is older than `stale_after_h`; 0 is never.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    max_age_s: int = 300
    archive_max_age_s: int = 86400
    stale_after_h: float = 24.0


class Api(NamedTuple):
    """The interface for partners: open to everybody, or to those whom a file names."""

    public: bool = False
    partners: str = ""


class Config(NamedTuple):
    """Everything that a run needs to know. Paths are absolute.

    `problems` are faults of the files in `topic_folders`: each costs only what its file says of a topic.
    """

    path: str
    site: Site
    sources: tuple[Source, ...]
    selection: Selection
    presentation: Presentation
    output: str
    state: str
    hubs: tuple[Hub, ...] = ()
    push: Push = Push()
    serve: Serve = Serve()
    precompress: bool = False
    api: Api | None = None
    topic_folders: tuple[str, ...] = ()
    template_folder: str = ""
    templates: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()
