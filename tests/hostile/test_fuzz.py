"""Random front matter and bodies, made of the pieces that hostile records consist of: reading them never raises."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hostile.generators import BODY, GENERATORS, TOML, YAML
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syndicate import config
from syndicate.corpus.context import SourceContext, source_context
from syndicate.corpus.parse import parse_record
from syndicate.corpus.record import ParsedRecord
from syndicate.sites import names as site_names

EXAMPLES = int(os.environ.get("SYNDICATE_FUZZ_EXAMPLES", "2000"))
MOST_S = 4.0  # for a few kilobytes, beside the large heap of Hypothesis
PIECES = st.sampled_from(sorted({generator.text(size) for generator in GENERATORS.values() for size in (20, 120)}))
KEYS = st.sampled_from("title date draft tags id url image authors summary build expires lang enclosure <<".split())
WORDS = st.one_of(
    PIECES, st.text(max_size=12), st.sampled_from(["\n", " ", "\t", "\r", "\n\n", "---\n", "+++\n", "'", '"'])
)
TEXTS = st.lists(WORDS, max_size=25).map("".join)
HEADERS = st.lists(
    st.tuples(KEYS, st.sampled_from([": ", " = ", ":\n  - ", ": >\n  "]), TEXTS).map("".join), max_size=6
)
RECORDS = st.one_of(
    TEXTS,
    TEXTS.map(lambda text: BODY.replace("{}", text, 1)),
    st.tuples(HEADERS, TEXTS, st.sampled_from([YAML, TOML])).map(
        lambda parts: parts[2].replace("{}", "\n".join(parts[0]), 1) + parts[1]
    ),
)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[config.Source, SourceContext]]:
    """Return a source of each kind of site, all with the same folder."""
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "corpus").mkdir()
    found = []
    for kind in site_names():
        (folder / "config.yaml").write_text(
            'site: {title: T, url: "https://f.example/", home: "https://w.example/", id: "f.example,2026"}\n'
            f"corpus: [{{path: corpus, kind: {kind}}}]\n",
            encoding="utf-8",
        )
        loaded = config.load(str(folder / "config.yaml"))
        found.append((loaded.sources[0], source_context(loaded, loaded.sources[0])))
    return found


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=RECORDS, number=st.integers(0, 100), suffix=st.sampled_from([".md", ".mdx", ".html"]))
def test_any_record_is_read_or_reported(
    text: str, number: int, suffix: str, sources: list[tuple[config.Source, SourceContext]]
) -> None:
    source, context = sources[number % len(sources)]
    name = f"2026-01-31-a{suffix}"
    Path(source.root, name).write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
    started = time.process_time()
    record = parse_record(source, os.fsencode(name), context)
    assert time.process_time() - started < MOST_S
    assert isinstance(record, ParsedRecord)
    assert all("\n" not in str(problem) for problem in record.problems)
