"""`site.id` may change until something left the machine; from then on it needs the word of the operator."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from support.editable_sites import EditableSite
from support.sites import reproducible, run, tree

from syndicate import config
from syndicate.errors import OutputError, SiteIdError
from syndicate.pipeline import build, check

OLD, NEW = "f.example,2026", "other.example,2026"
HUB = "https://hub.example/"


@pytest.fixture
def site(editable_site: EditableSite) -> EditableSite:
    """A site with a hub that nobody notified yet."""
    editable_site.settings["hubs"] = [HUB]
    for number in range(4):
        editable_site.record(f"{number}.md")
    editable_site.build()
    return editable_site


def change_id(site: EditableSite, site_id: str = NEW) -> None:
    site.settings["site"]["id"] = site_id


def execute(site: EditableSite, statement: str) -> None:
    with closing(sqlite3.connect(site.state / "index.db")) as sql:
        sql.execute(statement)
        sql.commit()


def problems(site: EditableSite) -> list[str]:
    found = check(config.load(str(site.configure())), site.now).problems
    return [problem.message for problem in found if problem.field == "site.id"]


def test_id_that_nobody_knows_may_change_and_leaves_no_trace(site: EditableSite) -> None:
    (site.folder / "corpus" / "0.md").unlink()
    site.build()
    change_id(site)
    assert problems(site) == []
    assert site.build(allow_shrink=False).entries == 3
    assert reproducible(site.tree(), site.state) == site.tree() == site.built_from_nothing(site.folder / "fresh")
    assert OLD.encode() not in b"".join(site.tree().values())
    change_id(site, OLD)
    site.build(allow_shrink=False)
    assert NEW.encode() not in b"".join(site.tree().values())


LEFT = {
    "documents were served": "INSERT INTO site_state VALUES ('served_at', 1)",
    "hubs were notified": "UPDATE deliveries SET acknowledged_generation = 1",
    "hubs were notified, in vain": (
        "INSERT INTO attempts (hub_url, topic_url, generation, attempted_at, state, error, duration_s) "
        "VALUES ('https://hub.example/', 'https://f.example/all/feed.rss', 1, 1, 'retrying', '', 1)"
    ),
}


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("how", LEFT)
def test_id_that_subscribers_may_know_does_not_change_by_itself(how: str, site: EditableSite, *, full: bool) -> None:
    execute(site, LEFT[how])
    before = site.tree()
    change_id(site)
    with pytest.raises(SiteIdError) as refused:
        site.build(full=full)
    assert str(refused.value) == (
        f"site.id: the entries were published with the id '{OLD}', the configuration says '{NEW}', and "
        f"{how.partition(',')[0]}: nothing was changed; put the old id back, or run 'syndicate build --accept-new-id': "
        "every subscriber then sees every entry as new"
    )
    assert site.tree() == before
    (message,) = problems(site)
    assert OLD in message
    assert NEW in message
    assert "--accept-new-id" in message
    change_id(site, OLD)
    assert (site.build().written, problems(site)) == (0, [])


def test_ping_is_not_forgotten_with_its_hub(site: EditableSite) -> None:
    execute(site, LEFT["hubs were notified"])
    site.settings["hubs"] = ["https://another.example/"]
    site.build()
    change_id(site)
    with pytest.raises(SiteIdError, match="hubs were notified"):
        site.build()


def test_site_without_hubs_may_be_read_by_anybody(editable_site: EditableSite) -> None:
    editable_site.record("a.md")
    editable_site.build()
    change_id(editable_site)
    with pytest.raises(SiteIdError, match="it is not known whether somebody reads the output folder"):
        editable_site.build()


def test_operator_may_accept_the_new_id(site: EditableSite) -> None:
    execute(site, LEFT["hubs were notified"])
    change_id(site)
    refused = run("build", "--now", "2026-06-01", "-c", str(site.configure()), cwd=site.folder)
    assert refused.returncode == 1
    assert refused.stderr.startswith("syndicate: site.id: ")
    accepted = run("build", "--now", "2026-06-01", "--accept-new-id", cwd=site.folder)
    assert (accepted.returncode, accepted.stderr) == (0, "")
    assert tree(site.output) == site.built_from_nothing(site.folder / "fresh")
    assert site.build().written == 0


def test_output_of_another_site_is_still_refused(site: EditableSite) -> None:
    other = EditableSite(site.folder.parent / "other")
    other.settings["output"] = str(site.output)
    other.record("a.md")
    change_id(other)
    with pytest.raises(OutputError, match="belongs to the site"):
        build(config.load(str(other.configure())), other.now, accept_new_id=True)
