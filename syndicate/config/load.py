"""config.yaml -> Config.

The file is read whole: unknown keys are refused, and ConfigError lists all faults, each with its line and column.
"""

import os
import re

from .. import safe_files
from ..errors import ConfigError, ConfigMissingError, Problem
from ..feeds.identity import authority_date
from ..model import Site
from ..values.keys import is_private
from ..values.languages import language_tag
from .bucket import BucketOptions, is_bucket, read_bucket_options, read_bucket_url, read_output
from .cdn import read_cdns
from .database import read_state
from .executor import check_executor
from .feeds import read_presentation, read_selection
from .locate import MAX_BYTES
from .models import Api, Config, ConfigFile, Guard, Hub, Serve, SiteOptions, Source
from .sections import ConfigSection, read_root
from .sites import read_site
from .templates import read_templates
from .topics import read_topics

_AUTHORITY = re.compile(
    r"(?:[\w.+-]+@)?[a-z0-9-]+(?:\.[a-z0-9-]+)*,[12]\d{3}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?",
    re.ASCII,
)
_PERCENTAGE = re.compile(r"(\d{1,3}(?:\.\d+)?) ?%", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_]\w{0,99}", re.ASCII)


def load(path: str) -> Config:
    """Returns the configuration in a file. Raises ConfigError with every fault found."""
    try:
        text = safe_files.read_text(path, MAX_BYTES)
    except FileNotFoundError:
        raise ConfigMissingError(path) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ConfigError([Problem(path, 1, 1, "config", f"cannot be read: {reason}")]) from None
    return parse(text, path)


def parse(text: str, path: str) -> Config:
    """Returns the configuration in a text. Relative paths in it are relative to the folder of `path`.

    Raises ConfigError with every fault found, in the order of the file.
    """
    problems: list[Problem] = []
    root = read_root(text, path, problems)
    if root is None:
        raise ConfigError(problems)
    config = _config(root, path)
    if problems:
        raise ConfigError(sorted(problems, key=lambda problem: (problem.line, problem.column)))
    return config


def _config(root: ConfigSection, path: str) -> Config:
    folder = os.path.dirname(os.path.abspath(path))
    options = root.read(ConfigFile)
    hubs = _hubs(options.hubs, root.sections("hubs"), folder)
    timezone = _timezone(options.site, root.section("site"))
    bucket = read_bucket_options(options.bucket, root)
    sources = _sources(options.corpus, root.sections("corpus"), folder, timezone, bucket)
    site = _site(options.site, root.section("site"), tuple(hub.url for hub in hubs), sources)
    feeds = root.section("feeds")
    topics = read_topics(options.topics, root.section("topics"), folder)
    template_folder, templates = read_templates(options.templates, root, folder)
    config = Config(
        path=path,
        site=site._replace(pages=options.pages),
        sources=sources,
        selection=read_selection(options.feeds, feeds, topics.topics),
        presentation=read_presentation(options.feeds, feeds, options.amp, root.section("amp"), site.language),
        output=read_output(options.output, root, folder),
        state=read_state(options.state, root, folder),
        hubs=hubs,
        push=options.push,
        serve=_serve(options.serve, root.section("serve")),
        precompress=options.precompress,
        api=_api(options.api, folder),
        executor=options.executor,
        worker=options.worker,
        guard=_guard(options.guard, root.section("guard")),
        limits=options.limits,
        topic_folders=tuple(os.path.join(folder, path) for path in topics.folders),
        template_folder=template_folder,
        templates=templates,
        problems=topics.problems,
        bucket=bucket,
        cdns=read_cdns(options.cdn, root.sections("cdn")),
    )
    check_executor(options.executor, root.section("executor"))
    _check_folders(config, root)
    if config.api is not None and "json" not in config.selection.formats:
        root.report("api", "needs json among feeds.formats: it answers with what is rendered for them")
    return config


def _site(options: SiteOptions, section: ConfigSection, hubs: tuple[str, ...], sources: tuple[Source, ...]) -> Site:
    url = options.url if options.url.endswith("/") else f"{options.url}/"
    if "?" in url or "#" in url:
        section.report("url", "expected the address of a folder, without '?' and '#'")
    if options.id and not _is_authority(options.id):
        expected = "expected a host you owned and a date, such as 'feeds.example.org,2026'"
        section.report("id", f"{expected}, got {options.id!r}")
    language = language_tag(options.language)
    if options.language and not language:
        section.report("language", f"expected a language tag such as 'en' or 'pt-BR', got {options.language!r}")
    return Site(
        title=options.title,
        url=url,
        authority=options.id,
        home=options.home or next((source.site.base for source in sources if source.site.base), url),
        description=options.description,
        language=language or next((tag for source in sources if (tag := language_tag(source.site.language))), ""),
        rights=options.rights,
        icon=options.icon or None,
        logo=options.logo or None,
        hubs=hubs,
    )


def _hubs(hubs: tuple[Hub, ...], sections: tuple[ConfigSection, ...], folder: str) -> tuple[Hub, ...]:
    by_url: dict[str, Hub] = {}
    for hub, section in zip(hubs, sections, strict=True):
        if hub.header_env and not _VARIABLE.fullmatch(hub.header_env):
            # The message must not repeat the value: it may be the secret itself.
            section.report("header_env", "expected the name of an environment variable that holds the header")
        if hub.url in by_url:
            section.report("url", f"duplicate hub {hub.url}")
        ca_file = os.path.join(folder, hub.ca_file) if hub.ca_file else ""
        if ca_file and not os.path.isfile(ca_file):
            section.report("ca_file", f"no such file: {hub.ca_file!r}")
        if hub.url:
            by_url[hub.url] = hub._replace(ca_file=ca_file)
    return tuple(by_url.values())


def _guard(guard: Guard, section: ConfigSection) -> Guard:
    match = _PERCENTAGE.fullmatch(guard.max_loss)
    if match is None or float(match[1]) > 100:
        section.report("max_loss", f"expected a percentage from 0% to 100%, got {guard.max_loss!r}")
        return guard
    return guard._replace(max_loss_percent=float(match[1]))


def _api(api: Api | None, folder: str) -> Api | None:
    return None if api is None else api._replace(partners=os.path.join(folder, api.partners))


def _serve(serve: Serve, section: ConfigSection) -> Serve:
    if serve.proxies:
        from ipaddress import ip_network

        for proxy in serve.proxies:
            try:
                ip_network(proxy, strict=False)
            except ValueError:
                section.report("proxies", f"expected an address or network, such as '10.0.0.0/8', got {proxy!r}")
    return serve


def _timezone(options: SiteOptions | Source, section: ConfigSection) -> str:
    """Returns the name of a time zone, empty if none is stated; reports one that the IANA database does not have."""
    name = options.timezone
    if not name:
        return ""
    from zoneinfo import ZoneInfo, available_timezones

    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        from difflib import get_close_matches

        similar = get_close_matches(name, sorted(available_timezones()), n=1)
        hint = f"did you mean {similar[0]!r}?" if similar else "expected a name such as 'Europe/Berlin'"
        section.report("timezone", f"unknown time zone {name!r}; {hint}")
        return ""
    return name


def _sources(
    sources: tuple[Source, ...],
    sections: tuple[ConfigSection, ...],
    folder: str,
    timezone: str,
    bucket: BucketOptions,
) -> tuple[Source, ...]:
    """Returns the sources with all their fields; reports those that are missing or share a prefix."""
    completed: list[Source] = []
    for source, section in zip(sources, sections, strict=True):
        if is_bucket(source.path):
            source = source._replace(bucket=bucket, path=read_bucket_url(source.path, section, "path"))  # noqa: PLW2901
        root = source.path if is_bucket(source.path) else os.path.join(folder, source.path)
        prefix = f"/{os.path.basename(os.path.normpath(source.path))}/" if completed else ""
        if source.path and not is_bucket(root) and not os.path.isdir(root):
            section.report("path", f"no such folder: {source.path!r}")
        if prefix and prefix in {other.prefix for other in completed}:
            name = prefix.strip("/")
            section.report("path", f"a folder before it has the same name, {name!r}: entry ids are built from it")
        _check_aliases(source, section.section("fields"))
        located = source._replace(root=root, prefix=prefix, timezone=_timezone(source, section) or timezone)
        completed.append(read_site(located, section, folder))
    return tuple(completed)


def _check_aliases(source: Source, section: ConfigSection) -> None:
    for field, keys in source.aliases.items():
        for key in keys:
            if is_private(key):
                section.report(field, f"{key!r} is private and never published")


def _check_folders(config: Config, root: ConfigSection) -> None:
    """Report private files within the output folder, all of which is published, and output within the state folder."""
    for source in config.sources:
        if is_bucket(source.root) and is_bucket(config.output) and source.root.startswith(config.output):
            root.report("output", f"holds the corpus {source.path!r}: choose another folder of the bucket")
    if is_bucket(config.output):
        if config.precompress:
            root.report("precompress", "is for folders: a bucket does not choose between variants of a document")
        return
    if config.api is not None and _is_within(config.api.partners, config.output):
        root.report("api", "partners lies within the output folder, which is published")
    if _is_within(config.scratch, config.output):
        root.report("state", "lies within the output folder, which is published")
    elif _is_within(config.output, config.scratch):
        root.report("output", "lies within the state folder")
    for source in config.sources:
        if source.path and not is_bucket(source.root) and _is_within(source.root, config.output):
            root.report("output", f"holds the corpus folder {source.path!r}: all of the output is published")


def _is_authority(text: str) -> bool:
    """Whether a text is the authority of a `tag:` URI (RFC 4151 §2.1) with a date that exists."""
    try:
        return bool(_AUTHORITY.fullmatch(text) and authority_date(text))
    except ValueError:  # 2026-02-31
        return False


def _is_within(inner: str, outer: str) -> bool:
    """Whether a folder is another, or lies within it."""
    return os.path.join(os.path.realpath(inner), "").startswith(os.path.join(os.path.realpath(outer), ""))
