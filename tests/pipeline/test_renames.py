"""A topic that was renamed without the settings that keep its readers is reported once, and by `check` beforehand."""

from __future__ import annotations

import pytest
from support.editable_sites import EditableSite
from support.sites import run

from syndicate import config
from syndicate.pipeline import check

ENTRIES = 11


@pytest.fixture
def site(editable_site: EditableSite) -> EditableSite:
    """Eleven entries of one topic, and some of others."""
    editable_site.settings["feeds"] = {"limit": 50, "by": ["topics", "provider"]}
    for number in range(ENTRIES):
        editable_site.record(f"{number}.md", topics=["IBM AI"], provider="A Press")
    for number in range(20):
        editable_site.record(f"other{number}.md", topics=["Other"], provider="B Press")
    editable_site.build()
    return editable_site


def retopic(site: EditableSite, *topics: str, numbers: range = range(ENTRIES), provider: str = "A Press") -> None:
    for number in numbers:
        site.record(f"{number}.md", topics=list(topics), provider=provider)


def warnings(site: EditableSite, *, full: bool = False) -> list[str]:
    """What a build warns of, which `check` says beforehand, and the next build does not say again."""
    checked = check(config.load(str(site.configure())), site.now).problems
    found = [warning.message for warning in site.build(full=full).warnings]
    assert set(found) <= {problem.message for problem in checked if problem.severity == "warning"}
    assert len([problem for problem in checked if problem.field.startswith("topics.")]) == len(found)
    assert site.build().warnings == ()
    return found


LEFT = "all 11 entries of 'IBM AI' left topics/ibm-ai at once: the feed stays, empty; "
SETTINGS = '{aliases: ["IBM AI"], moved_from: [ibm-ai]}'


@pytest.mark.parametrize("how", ["incremental", "full", "another filter"])
def test_topic_that_gained_the_entries_of_an_emptied_one_is_named(how: str, site: EditableSite) -> None:
    if how == "another filter":
        site.settings["feeds"]["where"] = {"topics": ["IBM Intelligence", "Other"]}
    retopic(site, "IBM Intelligence", "Other")
    retopic(site, "Else", numbers=range(0))
    (message,) = warnings(site, full=how == "full")
    assert message.startswith(LEFT)
    assert "gained 11 of them; if the topic was renamed, add 'topics: {\"" in message
    assert message.endswith(f": {SETTINGS}}}'")


def test_new_topic_is_named_exactly(site: EditableSite) -> None:
    retopic(site, "IBM Intelligence")
    advice = "'IBM Intelligence' gained 11 of them; if the topic was renamed, add "
    assert warnings(site) == [f"{LEFT}{advice}'topics: {{\"IBM Intelligence\": {SETTINGS}}}'"]


def test_advice_keeps_the_readers(site: EditableSite) -> None:
    site.settings["topics"] = {"IBM Intelligence": {"aliases": ["IBM AI"], "moved_from": ["ibm-ai"]}}
    retopic(site, "IBM Intelligence")
    assert warnings(site) == []
    assert not (site.output / "topics/ibm-ai").exists()  # the server redirects


def test_entries_that_left_for_many_topics_name_none(site: EditableSite) -> None:
    for number in range(ENTRIES):
        retopic(site, f"Topic {number}", numbers=range(number, number + 1))
    advice = f"if its topic was renamed, add 'topics: {{\"NEW NAME\": {SETTINGS}}}'"
    assert warnings(site) == [LEFT + advice]


def test_feed_of_ten_entries_may_become_empty(site: EditableSite) -> None:
    retopic(site, "Other", numbers=range(1))
    assert warnings(site) == []
    retopic(site, "Other")
    assert warnings(site) == []


def test_other_dimensions_have_no_aliases(site: EditableSite) -> None:
    retopic(site, "IBM AI", provider="C Press")
    (message,) = warnings(site)
    assert message == "all 11 entries of 'A Press' left provider/x at once: the feed stays, empty".replace(
        "provider/x", "provider/a-press"
    )


@pytest.mark.parametrize("full", [False, True])
def test_slug_that_changes_without_a_redirect_names_the_line_to_add(site: EditableSite, *, full: bool) -> None:
    site.settings["topics"] = {"IBM AI": {"slug": "ai"}}
    (message,) = warnings(site, full=full)
    assert message == (
        "the feed of 'IBM AI' moves from topics/ibm-ai to topics/ai, without a redirect: "
        """add 'topics: {"IBM AI": {moved_from: [ibm-ai]}}'"""
    )


def test_slug_that_changes_with_a_redirect_is_fine(site: EditableSite) -> None:
    site.settings["topics"] = {"IBM AI": {"slug": "ai", "moved_from": ["ibm-ai"]}}
    assert warnings(site) == []


def test_alias_without_a_redirect_names_the_line_to_add(site: EditableSite) -> None:
    site.settings["topics"] = {"Other": {"aliases": ["IBM AI"]}}
    (message,) = warnings(site)
    assert message == (
        "the feed of 'IBM AI' moves from topics/ibm-ai to topics/other, without a redirect: "
        """add 'topics: {"Other": {moved_from: [ibm-ai]}}'"""
    )


def test_slug_of_another_topic_gives_its_readers_other_entries(site: EditableSite) -> None:
    site.settings["topics"] = {"Other": {"slug": "ibm-ai", "moved_from": ["other"]}}
    (message,) = warnings(site)
    assert message.startswith("topics/ibm-ai is now the feed of another topic, so its readers get that topic; that of")


def test_warnings_are_printed_once_and_count_under_strict(site: EditableSite) -> None:
    site.settings["topics"] = {"IBM AI": {"slug": "ai"}}
    site.configure()
    first = run("build", "--strict", "--now", "2026-06-01", cwd=site.folder)
    assert first.returncode == 1
    assert first.stderr.startswith("config.yaml:")
    assert "moved_from: [ibm-ai]" in first.stderr
    again = run("build", "--strict", "--now", "2026-06-01", cwd=site.folder)
    assert (again.returncode, again.stderr) == (0, "")
