"""The verb explain."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ..errors import Problem, SyndicateError
from .console import DONE, PROBLEMS, build_time, load_config, print_json, print_line

if TYPE_CHECKING:
    from ..config import Config
    from ..corpus.explain import Explanation


def explain(options: argparse.Namespace) -> int:
    """Print everything that is known of one file of the corpus."""
    from ..corpus.explain import find_source
    from ..pipeline import explain_file

    config = load_config(options.config)
    found = find_source(config.sources, options.file)
    if found is None:
        raise SyndicateError(f"{options.file}: in no folder of the corpus")
    number, path = found
    explanation = explain_file(config, number, path, build_time(options))
    if isinstance(explanation, Problem):
        if options.json:
            print_json({"problems": [explanation._asdict()]}, indent=1)
        else:
            print_line(str(explanation))
        return PROBLEMS
    feeds = _feeds(explanation, config)
    if options.json:
        print_json(_as_json(explanation, number, feeds), indent=1)
        return DONE
    reason = f" ({explanation.evidence})" if explanation.evidence else ""
    print_line(f"{explanation.path}: {explanation.kind}{reason}, corpus[{number}]")
    if not explanation.is_included:
        print("  not read: include, exclude or the rules of the kind leave it out")
    print_line(f"  {explanation.visibility}")
    print_line(f"  feeds: {', '.join(feeds) or 'none'}")
    width = max((len(value.field) for value in explanation.values), default=0)
    for value in explanation.values:
        print_line(f"  {value.field:<{width}}  {value.text}  [{value.origin}]")
    for problem in explanation.problems:
        print_line(f"  {problem}")
    return DONE


def _feeds(explanation: Explanation, config: Config) -> list[str]:
    """Returns the feeds that show the entry of a file now, by dimension and name."""
    from ..feeds.rules import FeedRules, traits_of

    if explanation.entry is None or not explanation.is_included or explanation.visibility != "shown":
        return []
    keys = FeedRules(config.selection, config.site).feed_keys(traits_of(explanation.entry))
    return [f"{key.dimension}/{key.name}" if key.name else key.dimension for key in keys]


def _as_json(explanation: Explanation, source: int, feeds: list[str]) -> dict[str, Any]:
    return {
        "path": explanation.path,
        "source": source,
        "kind": explanation.kind,
        "included": explanation.is_included,
        "visibility": explanation.visibility,
        "feeds": feeds,
        "fields": {value.field: {"value": value.text, "from": value.origin} for value in explanation.values},
        "problems": [problem._asdict() for problem in explanation.problems],
    }
