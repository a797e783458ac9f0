"""config.yaml -> Config: parsed whole, unknown keys refused, every fault told at once with its line and column."""

import os
import re

from ..errors import ConfigError, Problem
from ..feeds.identity import authority_date
from ..model import Site
from ..values.keys import ALIASES, is_private
from ..values.languages import language_tag
from . import feeds as choices
from .models import Api, Config, Hub, Push, Serve, Source
from .sections import Section, read_root

_AUTHORITY = re.compile(
    r"(?:[\w.+-]+@)?[a-z0-9-]+(?:\.[a-z0-9-]+)*,[12]\d{3}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?",
    re.ASCII,
)
_ENVIRONMENT = re.compile(r"[A-Za-z_]\w{0,99}", re.ASCII)
_USUAL_TEMPLATES = "templates"
_TEMPLATES = (".html", ".css", ".js")


def load(path: str) -> Config:
    """Read a configuration file. Raises ConfigError with every fault found."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ConfigError([Problem(path, 1, 1, "config", f"cannot be read: {reason}")]) from None
    return parse(text, path)


def parse(text: str, path: str) -> Config:
    """Read a configuration's text; relative paths in it are relative to the folder of `path`."""
    faults: list[Problem] = []
    root = read_root(text, path, faults)
    if root is None:
        raise ConfigError(faults)
    config = _config(root, path)
    if faults:
        raise ConfigError(sorted(dict.fromkeys(faults), key=lambda fault: (fault.line, fault.column)))
    return config


def _config(root: Section, path: str) -> Config:
    folder = os.path.dirname(os.path.abspath(path))
    hubs = _hubs(root)
    site = _site(root.section("site", required=True), tuple(hub.url for hub in hubs))
    site = site._replace(pages=root.flag("pages", default=True))
    feeds = root.section("feeds")
    template_folder, templates = _templates(root, folder)
    presentation = choices.presentation(feeds, root.section("amp"))
    told = choices.topics(root.section("topics"), folder)
    config = Config(
        path=path,
        site=site,
        sources=_sources(root, folder),
        selection=choices.selection(feeds, told.topics),
        presentation=presentation,
        output=os.path.join(folder, root.text("output", "feeds")),
        state=os.path.join(folder, root.text("state", ".syndicate")),
        hubs=hubs,
        push=_push(root.section("push")),
        serve=_serve(root.section("serve")),
        precompress=root.flag("precompress", default=False),
        api=_api(root, folder) if root.is_mapping("api") else None,
        topic_folders=tuple(os.path.join(folder, path) for path in told.folders),
        template_folder=template_folder,
        templates=templates,
        problems=told.problems,
    )
    root.section("api")
    if config.api is not None and "json" not in config.selection.formats:
        root.fault("api", "needs json among feeds.formats: it answers with what is rendered for them")
    if config.api is not None and _is_within(config.api.partners, config.output):
        root.fault("api", "partners lies within the output folder, which is published")
    if _is_within(config.state, config.output):
        root.fault("state", "lies within the output folder, which is published")
    elif _is_within(config.output, config.state):
        root.fault("output", "lies within the state folder")
    for source in config.sources:
        if source.path and _is_within(source.root, config.output):
            root.fault("output", f"holds the corpus folder {source.path!r}: all of the output is published")
    root.close()
    return config


def _site(section: Section, hubs: tuple[str, ...]) -> Site:
    url = _with_slash(section.address("url", required=True))
    if "?" in url or "#" in url:
        section.fault("url", "expected the address of a folder, without '?' and '#'")
    authority = section.text("id", required=True)
    if authority and not _is_authority(authority):
        section.fault(
            "id", f"expected a host you owned and a date, such as 'feeds.example.org,2026', got {authority!r}"
        )
    language = section.text("language", "")
    if language and not language_tag(language):
        section.fault("language", f"expected a language tag such as 'en' or 'pt-BR', got {language!r}")
    site = Site(
        title=section.text("title", required=True),
        url=url,
        authority=authority,
        home=section.address("home") or url,
        description=section.text("description", ""),
        language=language_tag(language),
        rights=section.text("rights", ""),
        icon=section.address("icon") or None,
        logo=section.address("logo") or None,
        hubs=hubs,
    )
    section.close()
    return site


def _hubs(root: Section) -> tuple[Hub, ...]:
    hubs: dict[str, Hub] = {}
    for section in root.sections("hubs", short="url"):
        hub = Hub(
            url=section.address("url", required=True),
            header_env=section.text("header_env", ""),
            concurrency=section.integer("concurrency", Hub("").concurrency, minimum=1),
        )
        if hub.header_env and not _ENVIRONMENT.fullmatch(hub.header_env):
            section.fault("header_env", "expected the name of an environment variable, which holds the header")
        if hub.url in hubs:
            section.fault("url", f"{hub.url} stands here twice")
        if hub.url:
            hubs[hub.url] = hub
        section.close()
    return tuple(hubs.values())


def _push(section: Section) -> Push:
    usual = Push()
    push = Push(
        verify=section.flag("verify", default=usual.verify),
        verify_timeout_s=section.number("verify_timeout_s", usual.verify_timeout_s, above=0),
        unverified=section.text("unverified", usual.unverified),
        pages=section.flag("pages", default=usual.pages),
        timeout_s=section.number("timeout_s", usual.timeout_s, above=0),
        concurrency=section.integer("concurrency", usual.concurrency, minimum=1),
        attempts=section.integer("attempts", usual.attempts, minimum=1),
        window_h=section.number("window_h", usual.window_h, above=0),
    )
    if push.unverified not in {"ping", "fail"}:
        section.fault("unverified", f"expected ping or fail, got {push.unverified!r}")
    section.close()
    return push


def _serve(section: Section) -> Serve:
    usual = Serve()
    serve = Serve(
        host=section.text("host", usual.host),
        port=section.integer("port", usual.port, minimum=0),
        max_age_s=section.integer("max_age_s", usual.max_age_s, minimum=0),
        archive_max_age_s=section.integer("archive_max_age_s", usual.archive_max_age_s, minimum=0),
        stale_after_h=section.number("stale_after_h", usual.stale_after_h, minimum=0),
    )
    if serve.port > 65535:
        section.fault("port", f"expected at most 65535, got {serve.port}")
    section.close()
    return serve


def _api(root: Section, folder: str) -> Api:
    section = root.section("api")
    api = Api(
        public=section.flag("public", default=Api().public),
        partners=os.path.join(folder, section.text("partners", "partners.yaml")),
    )
    section.close()
    return api


def _templates(root: Section, folder: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The folder of the site's own templates, if there is one, and their texts by name."""
    stated = root.text("templates", _USUAL_TEMPLATES)
    path = os.path.join(folder, stated)
    try:
        with os.scandir(path) as entries:
            names = sorted(entry.name for entry in entries if entry.name.endswith(_TEMPLATES) and entry.is_file())
    except OSError as error:
        if stated != _USUAL_TEMPLATES or not isinstance(error, FileNotFoundError):
            root.fault("templates", f"cannot be read: {error.strerror}")
        return "", ()
    texts: list[tuple[str, str]] = []
    for name in names:
        try:
            with open(os.path.join(path, name), encoding="utf-8") as file:
                texts.append((name, file.read()))
        except (OSError, UnicodeDecodeError) as error:
            root.fault("templates", f"{name} cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}")
    return path, tuple(texts)


def _sources(root: Section, folder: str) -> tuple[Source, ...]:
    sections = root.sections("corpus", required=True)
    sources = tuple(_source(section, folder, first=index == 0) for index, section in enumerate(sections))
    seen: set[str] = set()
    for section, source in zip(sections, sources, strict=True):
        if source.prefix and source.prefix in seen:
            section.fault(
                "path", f"a folder before it has the same name, {source.prefix.strip('/')!r}: ids are made from it"
            )
        seen.add(source.prefix)
    return sources


def _source(section: Section, folder: str, *, first: bool) -> Source:
    path = section.text("path", required=True)
    root = os.path.join(folder, path)
    if path and not os.path.isdir(root):
        section.fault("path", f"no such folder: {path!r}")
    source = Source(
        path=path,
        root=root,
        prefix="" if first else f"/{os.path.basename(os.path.normpath(path))}/",
        include=section.names("include", ("**/*.md",)),
        exclude=section.names("exclude"),
        aliases=_aliases(section.section("fields")),
        max_bytes=section.integer("max_bytes", 8 * 1024 * 1024, minimum=1),
    )
    section.close()
    return source


def _aliases(section: Section) -> dict[str, tuple[str, ...]]:
    aliases = {name: keys for name in ALIASES if (keys := section.names(name))}
    for name, keys in aliases.items():
        for key in keys:
            if is_private(key):
                section.fault(name, f"{key!r} is private and never published")
    section.close()
    return aliases


def _is_authority(text: str) -> bool:
    try:
        return bool(_AUTHORITY.fullmatch(text) and authority_date(text))
    except ValueError:
        return False  # 2026-02-31


def _with_slash(url: str) -> str:
    return url if url.endswith("/") else f"{url}/"


def _is_within(inner: str, outer: str) -> bool:
    """Whether a folder is another, or lies in it."""
    return os.path.join(os.path.realpath(inner), "").startswith(os.path.join(os.path.realpath(outer), ""))
