"""Reading config.yaml: every fault is reported at once, with line and column; missing keys have their defaults."""

# ruff: noqa: E501 - one line for each row of the table of faults

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.configurations import FULL, SMALL

from syndicate.config import Api, Config, ExecutorOptions, Guard, Hub, Push, Serve, Source, WorkerOptions, load, parse
from syndicate.config.schema import json_schema
from syndicate.corpus.context import source_context
from syndicate.errors import ConfigError
from syndicate.model import ContentWords, CustomFeed, Presentation, Selection, Site, TopicSettings, Where
from syndicate.values.keys import ALIASES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("news", "blog", "old/news", "all/feeds/in"):
        (tmp_path / name).mkdir(parents=True)
    for name, content in (
        ("look/card.html", b"C"),
        ("look/site.css", b"S"),
        ("look/notes", b""),
        ("latin/page.html", b"\xe9"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


def read(text: str, folder: Path) -> Config:
    return parse(text, str(folder / "config.yaml"))


def faults(text: str, folder: Path) -> list[str]:
    """Returns every fault as a line, without the path at its beginning."""
    with pytest.raises(ConfigError) as raised:
        read(text, folder)
    path = str(folder / "config.yaml")
    shown = [str(problem) for problem in raised.value.problems]
    assert str(raised.value) == "\n".join(shown)
    assert all(line.startswith(f"{path}:") for line in shown)
    return [line.removeprefix(f"{path}:") for line in shown]


def test_missing_keys_have_their_defaults(folder: Path) -> None:
    assert read(SMALL, folder) == Config(
        path=str(folder / "config.yaml"),
        site=Site(title="Test Site", url="https://feeds.test/", authority="feeds.test,2026", home="https://feeds.test/", pages=True),
        sources=(
            Source(
                path="news", root=str(folder / "news"), prefix="", kind="plain", include=("**/*.md",), exclude=(), aliases={},
                max_bytes=8_388_608,
            ),
        ),
        selection=Selection(limit=50, by=("topics",), all=True, formats=("rss", "atom", "json"), opml="rss"),
        presentation=Presentation(link="canonical", related_limit=5, amp_cache="cdn.ampproject.org", amp_links=True),
        output=str(folder / "feeds"),
        state=str(folder / ".syndicate"),
        hubs=(),
        push=Push(),
        serve=Serve(),
        precompress=False,
        api=None,
        executor=ExecutorOptions("processes"),
        guard=Guard("50%", 50.0),
    )  # fmt: skip


def test_settings_of_a_hub_are_read_and_its_file_is_relative_to_the_configuration(folder: Path) -> None:
    (folder / "ca.pem").write_text("")
    hub = "{url: 'https://hub.test/', publish_url: 'http://[2001:db8::1]:8080/p', batch: 10, ca_file: ca.pem}"
    assert read(changed(x=f"hubs: {hub}"), folder).hubs == (
        Hub(
            "https://hub.test/", publish_url="http://[2001:db8::1]:8080/p", batch=10, ca_file=str(folder / "ca.pem")
        ),
    )  # fmt: skip


def test_executor_is_a_kind_or_a_section(folder: Path) -> None:
    assert read(changed(x="executor: inline"), folder).executor == ExecutorOptions("inline")
    text = "executor: {kind: dask, scheduler: 'tcp://10.0.0.1:8786', batch: 8, timeout_s: 5}"
    assert read(changed(x=text), folder).executor == ExecutorOptions("dask", "tcp://10.0.0.1:8786", 8, 5.0)


def test_every_key_is_read(folder: Path) -> None:
    config = read(FULL, folder)
    assert config.site == Site(
        title="Test Site", url="https://feeds.test/sub/", authority="jane@feeds.test,2026-03-09", home="https://www.test",
        language="pt-BR", description="D", rights="R", icon="https://www.test/i%20con.png", logo="https://www.test/l.png",
        hubs=("https://hub.test/?a=b%20c", "https://two.test"),
    )  # fmt: skip
    assert [source.prefix for source in config.sources] == ["", "/blog/", "/old/"]
    assert config.sources[0] == Source(
        path="news", root=str(folder / "news"), kind="plain", include=("*.md",), exclude=("a/**", "b"), max_bytes=9,
        timezone="Asia/Tokyo",
        aliases={"title": ("headline",), "topics": ("rubric", "extra.tags")},
    )  # fmt: skip
    assert config.selection == Selection(
        limit=7,
        by=("topics", "series", "extra.kind"),
        all=False,
        formats=("rss", "json"),
        where=Where(min_quality=-1, min_heat=2, types=("article",), topics=("A", "B")),
        custom=(
            CustomFeed(slug="big", title="Big", description="D", where=Where(min_quality=60)),
            CustomFeed(slug="v1.0", title="Films"),
        ),
        topics=(
            TopicSettings(name="C++", slug="cpp", title="T", description="D", aliases=("CPP", "cee plus")),
            TopicSettings(name="2020"),
            TopicSettings(name="Open Data"),
            TopicSettings(name="C", shortname="Sea", parent="CPP", keywords=("a", "b, c")),
            TopicSettings(name="from", parent="2020", keywords=("x", "y z"), moved_from=("old", "v1.0")),
        ),
        include_children=True,
        opml="json",
        archive="day",
        deleted_days=7,
    )
    assert config.presentation == Presentation(
        link="cdn", related_limit=0, content=("source", "image"), language="pt-BR", amp_cache="amp.test",
        words=(ContentWords("pt-BR", source="Via {name}", related="Mais"), ContentWords("de", video="Film")),
    )  # fmt: skip
    assert config.hubs == (Hub("https://hub.test/?a=b%20c"), Hub("https://two.test", "TOKEN", 3))
    assert config.push == Push(
        pages=True, verify=False, verify_timeout_s=90, unverified="fail", timeout_s=2.5, concurrency=5, attempts=15,
        window_h=0.5,
    )  # fmt: skip
    assert config.serve == Serve(host="::1", port=0, max_age_s=0, archive_max_age_s=9, stale_after_h=0.5)
    assert config.worker == WorkerOptions(poll=True)
    assert config.precompress
    assert config.guard == Guard("12.5 %", 12.5)
    assert config.api == Api(public=True, partners=str(folder / "who.yaml"))
    assert (config.template_folder, config.templates) == (str(folder / "look"), (("card.html", "C"), ("site.css", "S")))
    assert os.path.normpath(config.output) == str(folder.parent / "out")
    assert config.state == "/var/lib/syndicate"


def changed(**lines: str) -> str:
    """Returns the small configuration with the line of each key replaced, or appended if there is none."""
    text = SMALL
    for key, line in lines.items():
        found = next((old for old in text.splitlines() if old.strip().startswith(f"{key}:")), None)
        text = text.replace(found, line) if found else f"{text}{line}\n"
    return text


def test_time_zone_of_a_source_is_its_own_else_that_of_the_site(folder: Path) -> None:
    corpus = "corpus:\n  - path: news\n  - {path: old, timezone: Asia/Tokyo}\n"
    text = SMALL.replace("site:\n", "site:\n  timezone: Europe/Berlin\n").partition("corpus:")[0] + corpus
    (folder / "old").mkdir(exist_ok=True)
    assert [source.timezone for source in read(text, folder).sources] == ["Europe/Berlin", "Asia/Tokyo"]
    contexts = [source_context(read(text, folder), source) for source in read(text, folder).sources]
    assert [context.timezone for context in contexts] == [ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo")]


REQUIRED = ["site", "site.url", "site.id", "site.title", "corpus"]
# Line 7 is the first line after the small configuration.
FAULTS: list[tuple[str, str, list[str]]] = [
    # the document
    ("empty", "", [f"1:1: {key}: is required" for key in REQUIRED]),
    ("null", "~\n", [f"1:1: {key}: is required" for key in REQUIRED]),
    ("a list", "- a\n", ["1:1: config: expected keys and values", *(f"1:1: {key}: is required" for key in REQUIRED)]),
    ("a word", "word\n", ["1:1: config: expected keys and values", *(f"1:1: {key}: is required" for key in REQUIRED)]),
    ("not YAML", "site: [\n", ["2:1: config: did not find expected node content"]),
    ("not YAML, a tab", "site:\n\ttitle: x\n", ["2:1: config: found character that cannot start any token"]),
    ("too deep", SMALL + "x: " + "[" * 50_000, ["7:103: config: nesting deeper than 100"]),
    ("two documents", SMALL + "---\nx: 1\n", ["7:1: config: but found another document"]),
    ("a control character", "site: \x00\n", ["1:1: config: not YAML"]),
    ("unknown key", changed(x="autput: x"), ["7:1: autput: unknown key; did you mean 'output'?"]),
    ("unknown key, similar to none", changed(x="zzz: x"), ["7:1: zzz: unknown key; known are amp, api, bucket, cdn, corpus, executor, feeds, guard, hubs, limits, output, pages, precompress, push, serve, site, state, templates, topics, worker"]),
    ("duplicate key", changed(x="hubs: []\nhubs: []"), ["8:1: hubs: duplicate key"]),
    ("key that is not text", changed(x="? [a]\n: b"), ["7:3: config: a key must be text"]),
    ("merge key", changed(x="<<: {output: x}"), ["7:1: <<: unknown key"]),
    # site
    ("site is a word", "site: x\ncorpus: {path: news}\n", ["1:7: site: expected keys and values", *(f"1:7: {key}: is required" for key in REQUIRED[1:4])]),
    ("no title", changed(title="  # nothing"), ["3:3: site.title: is required"]),
    ("empty title", changed(title="  title: ''"), ["2:10: site.title: must not be empty"]),
    ("null title", changed(title="  title: ~"), ["2:10: site.title: is required"]),
    ("title is a list", changed(title="  title: [a]"), ["2:10: site.title: expected text"]),
    ("url, another scheme", changed(url="  url: ftp://x.test"), ["3:8: site.url: scheme 'ftp' is not http or https"]),
    ("url without a scheme", changed(url="  url: feeds.test"), ["3:8: site.url: no scheme in 'feeds.test'"]),
    ("url with a password", changed(url="  url: https://me:s3cret@x.test/"), ["3:8: site.url: user information in 'https://…@x.test/'"]),
    ("url with a query", changed(url="  url: https://x.test/?a"), ["3:8: site.url: expected the address of a folder"]),
    ("url with a fragment", changed(url="  url: 'https://x.test/#a'"), ["3:8: site.url: expected the address of a folder"]),
    ("id without a date", changed(id="  id: feeds.test"), ["4:7: site.id: expected a host you owned and a date"]),
    ("id in upper case", changed(id="  id: Feeds.test,2026"), ["4:7: site.id: expected a host you owned"]),
    ("id with an invalid month", changed(id="  id: feeds.test,2026-13"), ["4:7: site.id: expected a host you owned"]),
    ("id with an invalid day", changed(id="  id: feeds.test,2026-02-31"), ["4:7: site.id: expected a host you owned"]),
    ("id with an invalid year", changed(id="  id: feeds.test,0000"), ["4:7: site.id: expected a host you owned"]),
    ("id with a space", changed(id="  id: feeds.test, 2026"), ["4:7: site.id: expected a host you owned"]),
    ("language", changed(site="site:\n  language: English"), ["2:13: site.language: expected a language tag"]),
    ("icon", changed(site="site:\n  icon: icon.png"), ["2:9: site.icon: no scheme in 'icon.png'"]),
    ("home", changed(site="site:\n  home: 'javascript:x'"), ["2:9: site.home: scheme 'javascript'"]),
    ("unknown key of the site", changed(site="site:\n  tittle: x"), ["2:3: site.tittle: unknown key; did you mean 'title'?"]),
    # executor
    ("executor", changed(x="executor: threads"), ["7:11: executor.kind: expected processes, inline or dask, got 'threads'"]),
    ("executor without a scheduler", changed(x="executor: dask"), ["7:11: executor.scheduler: is required"]),
    ("scheduler", changed(x="executor: {kind: dask, scheduler: 'me:s3cret@x', batch: 0, timeout_s: 0}"), ["7:35: executor.scheduler: expected an address such as 'tcp://127.0.0.1:8786'", "7:57: executor.batch: expected at least 1, got 0", "7:71: executor.timeout_s: expected more than 0, got 0"]),
    # guard
    *((f"max_loss {text}", changed(x=f"guard: {{max_loss: {text}}}"), [f"7:19: guard.max_loss: expected a percentage from 0% to 100%, got '{text}'"]) for text in ("50", "half", "101%", "-1%", "0.5", "5 percent")),
    # corpus
    ("no folder", changed(path="  path: nowhere"), ["6:9: corpus[0].path: no such folder: 'nowhere'"]),
    ("a file", changed(path="  path: config.yaml"), ["6:9: corpus[0].path: no such folder: 'config.yaml'"]),
    ("no path", changed(path="  {}"), ["6:3: corpus[0].path: is required"]),
    ("empty list of sources", changed(path="  []"), ["6:3: corpus: must not be empty"]),
    ("sources without paths", changed(path="  [{}, {path: blog}, x, [y]]"), ["6:4: corpus[0].path: is required", "6:22: corpus[2].path: no such folder: 'x'", "6:25: corpus[3]: expected keys and values", "6:25: corpus[3].path: is required"]),
    ("two sources of one name", changed(path="  [{path: blog}, {path: news}, {path: old/news}]"), ["6:39: corpus[2].path: a folder before it has the same name, 'news'"]),
    ("include", changed(path="  path: news\n  include: [a, [b], '', ~]"), ["7:16: corpus[0].include: expected text, got a list", "7:21: corpus[0].include: expected text, got nothing", "7:25: corpus[0].include: expected text, got '~'"]),
    ("zone", changed(site="site:\n  timezone: Europe/Berln"), ["2:13: site.timezone: unknown time zone 'Europe/Berln'; did you mean 'Europe/Berlin'?"]),
    ("zone of a source", changed(path="  path: news\n  timezone: xx"), ["7:13: corpus[0].timezone: unknown time zone 'xx'; expected a name such as 'Europe/Berlin'"]),
    ("zone that leaves the database", changed(path="  path: news\n  timezone: ../UTC"), ["7:13: corpus[0].timezone: unknown time zone '../UTC'; did you mean 'UTC'?"]),
    ("max_bytes", changed(path="  path: news\n  max_bytes: 8MB"), ["7:14: corpus[0].max_bytes: expected a whole number, got '8MB'"]),
    ("max_bytes below 1", changed(path="  path: news\n  max_bytes: 0"), ["7:14: corpus[0].max_bytes: expected at least 1, got 0"]),
    ("unknown key of a source", changed(path="  path: news\n  exlude: x"), ["7:3: corpus[0].exlude: unknown key; did you mean 'exclude'?"]),
    ("unknown field", changed(path="  path: news\n  fields: {titel: x}"), ["7:12: corpus[0].fields.titel: unknown key; did you mean 'title'?"]),
    # private keys
    ("private field", changed(path="  path: news\n  fields: {title: secured}"), ["7:19: corpus[0].fields.title: 'secured' is private and never published"]),
    ("private field, nested", changed(path="  path: news\n  fields: {title: [a, extra.Secured.x]}"), ["7:19: corpus[0].fields.title: 'extra.Secured.x' is private"]),
    ("private dimension", changed(x="feeds: {by: [topics, Secured]}"), ["7:22: feeds.by: 'Secured' is private and never published"]),
    ("private dimension, nested", changed(x="feeds: {by: [secured.x, x.secured]}"), ["7:14: feeds.by: 'secured.x' is private", "7:25: feeds.by: 'x.secured' is private"]),
    # feeds
    ("limit", changed(x="feeds: {limit: many}"), ["7:16: feeds.limit: expected a whole number, got 'many'"]),
    ("limit below 1", changed(x="feeds: {limit: 0}"), ["7:16: feeds.limit: expected at least 1, got 0"]),
    ("limit, a boolean", changed(x="feeds: {limit: true}"), ["7:16: feeds.limit: expected a whole number, got 'true'"]),
    ("limit, a list", changed(x="feeds: {limit: [1, 2]}"), ["7:16: feeds.limit: expected a whole number, got a list"]),
    ("limit of 5,000 digits", changed(x=f"feeds: {{limit: {'9' * 5000}}}"), ["7:16: feeds.limit: expected a whole number, got '9999"]),
    ("explicit tags", changed(x="feeds: {limit: !!int '', all: !!bool x}"), ["7:16: feeds.limit: expected a whole number, got nothing", "7:31: feeds.all: expected true or false, got 'x'"]),
    ("limit that contains itself", changed(x="feeds: {limit: &a [*a]}"), ["7:16: feeds.limit: expected a whole number, got a list"]),
    ("content", changed(x="feeds: {content: [image, body]}"), ["7:26: feeds.content: expected image, video, source or related, got 'body'"]),
    ("words of no language", changed(x="feeds: {words: {deutsch: {}}}"), ["7:26: feeds.words.deutsch: expected a language tag such as 'en' or 'pt-BR', got 'deutsch'"]),
    ("words that are unknown", changed(x="feeds: {words: {de: {sorce: a}}}"), ["7:22: feeds.words.de.sorce: unknown key; did you mean 'source'?"]),
    ("words without the provider", changed(x="feeds: {words: {de: {source: Quelle}}}"), ["7:30: feeds.words.de.source: needs {name} once"]),
    ("all", changed(x="feeds: {all: sure}"), ["7:14: feeds.all: expected true or false, got 'sure'"]),
    ("dimensions", changed(x="feeds: {by: [topics, all, a/b, .x, Custom, été, nul, x., a..b, catalog.json, feeds.opml]}"),
     [f"7:{column}: feeds.by: {name!r} cannot name a folder of feeds" for column, name in
      ((22, "all"), (27, "a/b"), (32, ".x"), (36, "Custom"), (44, "été"), (49, "nul"), (54, "x."), (58, "a..b"), (64, "catalog.json"), (78, "feeds.opml"))]),
    ("dimension in another case", changed(x="feeds: {by: [Topics, series, Series]}"), ["7:14: feeds.by: 'Topics' is written 'topics'", "7:30: feeds.by: 'Series' differs from a name before it in case only"]),
    ("several faults in a list", changed(x="feeds: {by: [[a], a/b, topics, topics, c/d]}"), ["7:14: feeds.by: expected text, got a list", "7:19: feeds.by: 'a/b' cannot", "7:40: feeds.by: 'c/d' cannot"]),
    ("formats", changed(x="feeds: {formats: [rss, xml, RSS]}"), ["7:24: feeds.formats: expected rss, atom or json, got 'xml'", "7:29: feeds.formats: expected rss, atom or json, got 'RSS'"]),
    ("no formats", changed(x="feeds: {formats: []}"), ["7:18: feeds.formats: must not be empty"]),
    ("opml", changed(x="feeds: {opml: xml}"), ["7:15: feeds.opml: expected rss, atom, json or none, got 'xml'"]),
    ("opml in a format that is not made", changed(x="feeds: {formats: [rss, json], opml: atom}"), ["7:37: feeds.opml: expected one of the formats (rss, json) or none, got 'atom'"]),
    ("include_children", changed(x="feeds: {include_children: some}"), ["7:27: feeds.include_children: expected true or false, got 'some'"]),
    ("link", changed(x="feeds: {link: there}"), ["7:15: feeds.link: expected canonical, amp or cdn, got 'there'"]),
    ("link to a cache without amp.links", changed(x="feeds: {link: cdn}\namp: {links: no}"), ["7:15: feeds.link: cdn needs amp.links"]),
    ("related", changed(x="feeds: {related: -1}"), ["7:18: feeds.related: expected at least 0, got -1"]),
    ("where", changed(x="feeds: {where: {min_qality: 1, min_heat: x}}"), ["7:17: feeds.where.min_qality: unknown key; did you mean 'min_quality'?", "7:42: feeds.where.min_heat: expected a whole number, got 'x'"]),
    ("custom is a list", changed(x="feeds: {custom: [x]}"), ["7:17: feeds.custom: expected keys and values"]),
    ("custom feed without a title", changed(x="feeds: {custom: {x: }}"), ["7:21: feeds.custom.x.title: is required"]),
    ("custom feed, invalid name", changed(x="feeds: {custom: {a/b: {title: x}, NUL: {title: x}}}"), ["7:23: feeds.custom.a/b: 'a/b' cannot name a folder", "7:40: feeds.custom.NUL: 'NUL' cannot name a folder"]),
    ("duplicate custom feed", changed(x="feeds: {custom: {x: {title: a}, x: {title: b}}}"), ["7:33: feeds.custom.x: duplicate key"]),
    ("custom feed, unknown key of the filter", changed(x="feeds: {custom: {x: {title: a, where: {topic: b}}}}"), ["7:40: feeds.custom.x.where.topic: unknown key; did you mean 'topics'?"]),
    # topics
    ("slug", changed(x="topics: {A: {slug: a b}, B: {slug: ../x}, C: {slug: con}}"), ["7:20: topics.A.slug: 'a b' cannot name", "7:36: topics.B.slug: '../x' cannot name", "7:53: topics.C.slug: 'con' cannot name"]),
    ("duplicate slug", changed(x="topics: {A: {slug: x}, B: {slug: x}}"), ["7:34: topics.B.slug: 'x' is also the slug of 'A'"]),
    ("duplicate name", changed(x="topics: {IBM AI: {}, ibm  ai: {}}"), ["7:31: topics.ibm ai: 'ibm ai' is also 'IBM AI'"]),
    ("alias of another", changed(x="topics: {A: {}, B: {aliases: [c, a]}}"), ["7:20: topics.B: 'a' is also 'A'"]),
    ("duplicate alias", changed(x="topics: {A: {aliases: c}, B: {aliases: C}}"), ["7:30: topics.B: 'C' is also 'A'"]),
    ("unknown key of a topic", changed(x="topics: {A: {slugg: x}}"), ["7:14: topics.A.slugg: unknown key; did you mean 'slug'?"]),
    ("parent is a list", changed(x="topics: {A: {parent: [B]}}"), ["7:22: topics.A.parent: expected text"]),
    ("parent of itself", changed(x="topics: {A: {aliases: B, parent: b}}"), ["7:34: topics.A.parent: 'b' is part of 'A' itself"]),
    ("cycle of parents", changed(x="topics: {A: {parent: b}, B: {parent: C}, C: {parent: a}, D: {parent: A}}"), ["7:54: topics.C.parent: 'a' is part of 'C' itself"]),
    ("keywords", changed(x="topics: {A: {keywords: [a, {}]}}"), ["7:28: topics.A.keywords: expected text, got keys and values"]),
    ("no folder of topics", changed(x="topics: {from: [news, nowhere, config.yaml]}"), ["7:23: topics.from: cannot be read: 'nowhere': No such file", "7:32: topics.from: cannot be read: 'config.yaml': "]),
    ("folder of topics is a list", changed(x="topics: {from: [[a], ~]}"), ["7:17: topics.from: expected text, got a list", "7:22: topics.from: expected text, got '~'"]),
    ("topics are a list", changed(x="topics: [A]"), ["7:9: topics: expected keys and values"]),
    # other sections
    ("cache", changed(x="amp: {cache: 'https://cdn.test/'}"), ["7:14: amp.cache: expected a host"]),
    ("hubs", changed(x="hubs: [x, 'https://hub.test/', 'ftp://x.test/']"), ["7:8: hubs[0].url: no scheme in 'x'", "7:32: hubs[2].url: scheme 'ftp' is not http or https in 'ftp://x.test/'"]),
    ("hub", changed(x="hubs: x"), ["7:7: hubs[0].url: no scheme in 'x'"]),
    ("hub without an address", changed(x="hubs: [{concurrency: 0}]"), ["7:8: hubs[0].url: is required", "7:22: hubs[0].concurrency: expected at least 1, got 0"]),
    ("push, number of 400 digits", changed(x=f"push: {{timeout_s: {'9' * 400}}}"), ["7:19: push.timeout_s: expected a number, got '9999"]),
    ("hub, unknown key", changed(x="hubs: [{url: 'https://hub.test/', header: x}]"), ["7:35: hubs[0].header: unknown key; did you mean 'header_env'?"]),
    ("hub, secret in the place of the variable", changed(x="hubs: [{url: 'https://hub.test/', header_env: 'Bearer s3cret'}]"), ["7:47: hubs[0].header_env: expected the name of an environment variable"]),
    ("hub, certificate authorities", changed(x="hubs: [{url: 'https://hub.test/', ca_file: ca.pem}]"), ["7:44: hubs[0].ca_file: no such file: 'ca.pem'"]),
    ("hub, address of pings", changed(x="hubs: [{url: 'https://hub.test/', publish_url: /x, batch: 0}]"), ["7:48: hubs[0].publish_url: no scheme in '/x'", "7:59: hubs[0].batch: expected at least 1, got 0"]),
    ("duplicate hub", changed(x="hubs: ['https://hub.test/', {url: 'https://hub.test/'}]"), ["7:35: hubs[1].url: duplicate hub https://hub.test/"]),
    ("hubs are a list of lists", changed(x="hubs: [[x]]"), ["7:8: hubs[0]: expected keys and values", "7:8: hubs[0].url: is required"]),
    ("push, numbers", changed(x="push: {timeout_s: 0, window_h: x, attempts: 0, concurrency: 1.5, verify_timeout_s: .inf}"), ["7:19: push.timeout_s: expected more than 0, got 0", "7:32: push.window_h: expected a number, got 'x'", "7:45: push.attempts: expected at least 1, got 0", "7:61: push.concurrency: expected a whole number", "7:84: push.verify_timeout_s: expected a number"]),
    ("push, unverified", changed(x="push: {unverified: drop}"), ["7:20: push.unverified: expected ping or fail, got 'drop'"]),
    ("feeds, archive", changed(x="feeds: {archive: week}"), ["7:18: feeds.archive: expected auto, year, month, day or none, got 'week'"]),
    ("feeds, deleted_days", changed(x="feeds: {deleted_days: -1}"), ["7:23: feeds.deleted_days: expected at least 0, got -1"]),
    ("serve, numbers", changed(x="serve: {port: 65536, max_age_s: -1, archive_max_age_s: 1.5, stale_after_h: -0.5}"), ["7:15: serve.port: expected at most 65535, got 65536", "7:33: serve.max_age_s: expected at least 0, got -1", "7:56: serve.archive_max_age_s: expected a whole number", "7:76: serve.stale_after_h: expected at least 0, got -0.5"]),
    ("worker", changed(x="worker: {poll: often}"), ["7:16: worker.poll: expected true or false, got 'often'"]),
    ("serve, unknown key", changed(x="serve: {prot: 1}"), ["7:9: serve.prot: unknown key; did you mean 'port'?"]),
    ("precompress", changed(x="precompress: gzip"), ["7:14: precompress: expected true or false, got 'gzip'"]),
    ("topic, moved from an invalid slug", changed(x="topics: {A: {moved_from: ../b}}"), ["7:26: topics.A.moved_from: '../b' never named a folder"]),
    ("topic, moved from a present slug", changed(x="topics: {A: {slug: b}, C: {moved_from: [d, b]}}"), ["7:44: topics.C.moved_from: 'b' is the slug of 'A'"]),
    ("topic, moved from its own slug", changed(x="topics: {A: {slug: b, moved_from: b}}"), ["7:35: topics.A.moved_from: 'b' is the slug of 'A'"]),
    ("two topics, moved from one slug", changed(x="topics: {A: {moved_from: b}, C: {moved_from: b}}"), ["7:46: topics.C.moved_from: 'b' is the slug of 'A'"]),
    ("api", changed(x="api: {public: some, partner: x}"), ["7:15: api.public: expected true or false, got 'some'", "7:21: api.partner: unknown key; did you mean 'partners'?"]),
    ("api is a word", changed(x="api: yes"), ["7:6: api: expected keys and values"]),
    ("api without json", changed(x="feeds: {formats: [rss]}\napi: {}"), ["8:6: api: needs json among feeds.formats"]),
    ("partners in the output", changed(x="api: {partners: feeds/p.yaml}"), ["7:6: api: partners lies within the output folder"]),
    ("dimension with the name of a page", changed(x="feeds: {by: [topics, index.html]}"), ["7:22: feeds.by: 'index.html' cannot name a folder of feeds"]),
    ("pages", changed(x="pages: some"), ["7:8: pages: expected true or false, got 'some'"]),
    ("templates, missing", changed(x="templates: gone"), ["7:12: templates: cannot be read: No such file or directory"]),
    ("templates, not text", changed(x="templates: latin"), ["7:12: templates: page.html cannot be read: not UTF-8"]),
    ("push, unknown key", changed(x="push: {verfy: no}"), ["7:8: push.verfy: unknown key; did you mean 'verify'?"]),
    ("state in the output", changed(x="state: feeds/state"), ["7:8: state: lies within the output folder, which is published"]),
    ("state is the output", changed(x="state: ./feeds"), ["7:8: state: lies within the output folder, which is published"]),
    ("output in the state", changed(x="output: .syndicate/out"), ["7:9: output: lies within the state folder"]),
    ("corpus in the output", changed(path="  path: all/feeds/in", x="output: all/feeds"), ["7:9: output: holds the corpus folder 'all/feeds/in'"]),
    ("corpus is the output", changed(x="output: news"), ["7:9: output: holds the corpus folder 'news'"]),
    (
        "proxy that is no address", changed(x="serve: {proxies: [10.0.0.0/8, 'fd00::/8', proxy.test]}"),
        ["7:18: serve.proxies: expected an address or network, such as '10.0.0.0/8', got 'proxy.test'"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_fault_is_reported_with_its_position(folder: Path, text: str, expected: list[str]) -> None:
    found = faults(text, folder)
    beginnings = [line[: len(start)] for line, start in zip(found, expected, strict=False)]
    assert (beginnings, len(found)) == (expected, len(expected)), found
    assert "s3cret" not in "".join(found)


def test_all_faults_are_reported_in_the_order_of_the_file(folder: Path) -> None:
    text = """\
site: {title: '', url: x, id: x, languages: en}
corpus: [{path: nowhere, fields: {title: secured}}]
feeds: {limit: 0, by: [secured], formats: [xml], where: {x: 1}, custom: {A: {}}}
topics: {A: {slug: '..'}}
amp: {links: 3}
hubs: [x]
outputs: x
"""
    found = faults(text, folder)
    positions = [tuple(map(int, line.split(":")[:2])) for line in found]
    assert positions == sorted(positions)
    assert [line.split(":")[2].strip() for line in found] == [
        "site.title", "site.url", "site.id", "site.languages", "corpus[0].path", "corpus[0].fields.title", "feeds.limit", "feeds.by",
        "feeds.formats", "feeds.where.x", "feeds.custom.A.title", "feeds.custom.A", "topics.A.slug", "amp.links", "hubs[0].url", "outputs",
    ]  # fmt: skip
    assert len(found) == 16


@pytest.mark.parametrize("name", ALIASES)
def test_no_field_can_be_read_from_a_private_key(folder: Path, name: str) -> None:
    (found,) = faults(changed(path=f"  path: news\n  fields: {{{name}: [ok, SECURED]}}"), folder)
    assert found == f"7:{14 + len(name)}: corpus[0].fields.{name}: 'SECURED' is private and never published"


def test_control_characters_are_removed_from_names(folder: Path) -> None:
    config = read(
        changed(x='topics: {"A\\x01\\x92 B": {aliases: ["C\\x00"]}}\nhubs: ["https://hub.test/\\x01"]'), folder
    )
    assert config.selection.topics == (TopicSettings(name="A B", aliases=("C",)),)
    assert config.site.hubs == ("https://hub.test/",)


def test_paths_are_relative_to_the_file_not_to_the_working_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "config.yaml").write_text(SMALL)
    monkeypatch.chdir(folder / "blog")
    for path in (str(folder / "config.yaml"), "../config.yaml"):
        config = load(path)
        assert os.path.realpath(config.sources[0].root) == str(folder / "news")
        assert os.path.realpath(config.output) == str(folder / "feeds")
        assert config.path == path


def test_adding_a_source_changes_no_id_of_the_first(folder: Path) -> None:
    alone = read(SMALL, folder).sources[0]
    first, second = read(changed(path="  - path: news\n  - path: blog/../old"), folder).sources
    assert first == alone
    assert second.prefix == "/old/"


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_any_line_ending_is_read(folder: Path, mark: str, newline: str) -> None:
    (folder / "config.yaml").write_bytes((mark + SMALL.replace("\n", newline)).encode())
    assert load(str(folder / "config.yaml")).site.title == "Test Site"


def test_unreadable_file_is_reported(folder: Path) -> None:
    (folder / "latin.yaml").write_bytes(b"site: caf\xe9\n")
    for name, reason in (("news", "not a regular file"), ("latin.yaml", "not UTF-8")):
        with pytest.raises(ConfigError, match=rf"{name}:1:1: config: cannot be read: {reason}"):
            load(str(folder / name))


def test_file_that_is_none_or_huge_is_reported_at_once(folder: Path) -> None:
    os.mkfifo(folder / "pipe.yaml")
    (folder / "device.yaml").symlink_to("/dev/zero")
    with (folder / "huge.yaml").open("wb") as file:
        file.truncate(3 << 30)
    for name, reason in (("pipe", "not a regular"), ("device", "not a regular"), ("huge", "larger than 1,048,576")):
        with pytest.raises(ConfigError, match=rf"{name}.yaml:1:1: config: cannot be read: {reason}"):
            load(str(folder / f"{name}.yaml"))


def test_configuration_may_be_a_link(folder: Path) -> None:
    (folder / "real.yaml").write_text(changed())
    (folder / "link.yaml").symlink_to("real.yaml")
    assert load(str(folder / "link.yaml")).site.title


TEMPLATES = [
    ("link out", lambda path: path.symlink_to("/etc/passwd"), "a symbolic link that leaves the folder"),
    ("link to a device", lambda path: path.symlink_to("/dev/zero"), "a symbolic link that leaves the folder"),
    ("link to a folder", lambda path: path.symlink_to("."), "not a regular file"),
    ("pipe", os.mkfifo, "not a regular file"),
    ("dangling link", lambda path: path.symlink_to("nowhere"), "No such file or directory"),
    ("huge", lambda path: path.write_bytes(b" " * 1_048_577), "larger than 1,048,576 bytes"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "reason"), [row[1:] for row in TEMPLATES], ids=[row[0] for row in TEMPLATES])
def test_template_that_may_not_be_read_is_reported(folder: Path, make: Callable[[Path], object], reason: str) -> None:
    (folder / "own").mkdir()
    make(folder / "own" / "site.css")
    found = faults(changed(x="templates: own"), folder)
    assert found == [f"7:12: templates: site.css cannot be read: {reason}"]


def test_template_may_be_a_link_within_its_folder(folder: Path) -> None:
    (folder / "own" / "v1").mkdir(parents=True)
    (folder / "own" / "v1" / "site.css").write_text("S")
    (folder / "own" / "now").symlink_to("v1")
    (folder / "own" / "site.css").symlink_to("now/site.css")
    assert read(changed(x="templates: own"), folder).templates == (("site.css", "S"),)


@pytest.mark.parametrize(
    ("feeds", "opml"),
    [("formats: [json, atom]", "atom"), ("formats: json", "json"), ("opml: none", None), ("opml: ~", "rss")],
)
def test_opml_refers_to_the_first_format_by_default(folder: Path, feeds: str, opml: str | None) -> None:
    assert read(changed(x=f"feeds: {{{feeds}}}"), folder).selection.opml == opml


def test_root_configuration_is_valid() -> None:
    root = Path(__file__).parents[2]
    config = load(str(root / "config.yaml"))
    assert config.selection.by == ("topics", "provider")
    stated = yaml.safe_load((root / "config.yaml").read_text())
    assert set(stated) == {
        "executor",
        "guard",
        "site",
        "corpus",
        "feeds",
        "topics",
        "amp",
        "precompress",
        "push",
        "serve",
        "pages",
        "templates",
        "output",
        "state",
    }


KEYS = ["site", "title", "url", "id", "corpus", "path", "fields", "include", "feeds", "by", "custom", "where", "limit", "all", "link", "archive", "pages", "templates",
        "formats", "opml", "topics", "from", "parent", "keywords", "slug", "aliases", "amp", "cache", "links", "hubs", "output", "state", "api", "public", "partners", "x", "secured"]  # fmt: skip
VALUES: Any = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-2, 100), st.floats(), st.dates(), st.text(max_size=5),
        st.sampled_from(["news", "topics", "https://x.test/", "feeds.test,2026", "cdn", "rss", "..", ".", "", "\x00"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=25,
)  # fmt: skip


SCHEMA = jsonschema.Draft202012Validator(json_schema())


@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6), st.booleans())
def test_any_document_is_read_or_reported(folder: Path, document: dict[str, Any], based: bool) -> None:  # noqa: FBT001
    if based:
        document = yaml.safe_load(SMALL) | document
    try:
        config = read(yaml.safe_dump(document), folder)
    except ConfigError:
        return
    assert config.sources
    assert config.site.title
    assert config.selection.formats
    SCHEMA.validate(json.loads(json.dumps(document, default=str)))
