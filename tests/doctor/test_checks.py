"""What each check says of what it is given."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.sites import CONFIG, SiteFolder, record

from syndicate.config.models import Api
from syndicate.delivery.mounts import Mount
from syndicate.doctor.clock import ServerTime, check_clock, is_synchronized
from syndicate.doctor.finding import Finding, summarize
from syndicate.doctor.folders import (
    Room,
    check_disk,
    check_documents,
    check_partners,
    check_room,
    check_writable,
    format_bytes,
)
from syndicate.doctor.network import choose_documents, parse_links
from syndicate.doctor.settings import check_environment, read_state
from syndicate.doctor.watching import check_watches, count_folders, read_limit
from syndicate.store.rows import DocumentRow


@pytest.fixture
def site(tmp_path: Path) -> SiteFolder:
    site_folder = SiteFolder(tmp_path / "site")
    site_folder.put("a.md", record("Alpha", "topics: [One]"))
    return site_folder


def test_finding_is_one_line_with_what_helps() -> None:
    findings = [Finding("warning", "clock", "it is 9 s behind", "set it"), Finding("ok", "output", "fine")]
    assert [str(finding) for finding in findings] == [
        "warning  clock: it is 9 s behind: set it",
        "ok       output: fine",
    ]
    assert summarize(findings) == "2 checks, 0 errors, 1 warning"


# ------------------------------------------------------------------------------------------------------------- clock


@pytest.mark.parametrize(
    ("date", "level", "found"),
    [
        (1000, "ok", "agrees with a.test"),
        (999, "ok", "agrees with a.test"),  # a second that is not over
        (1003, "ok", "agrees with a.test"),
        (1030, "warning", "it is 30 s behind that of a.test"),
        (970, "warning", "it is 29 s ahead of that of a.test"),
        (4600, "error", "it is 3600 s behind that of a.test"),
        (0, "error", "it is 999 s ahead of that of a.test"),
    ],
)
def test_clock_is_compared_with_a_server(date: float, level: str, found: str) -> None:
    finding = check_clock([ServerTime("a.test", date, 1000.0, 1000.4)], is_synchronized=None)
    assert (finding.level, finding.found) == (level, found)


def test_slow_answer_is_no_skew() -> None:
    assert check_clock([ServerTime("a.test", 1008, 1000.0, 1009.0)], is_synchronized=None).level == "ok"


def test_one_wrong_server_and_one_on_this_machine_do_not_count() -> None:
    right, wrong = ServerTime("right.test", 1000, 1000.0, 1000.1), ServerTime("wrong.test", 5000, 1000.0, 1000.1)
    assert check_clock([wrong, right], is_synchronized=None).found == "agrees with right.test"
    assert check_clock([wrong, right._replace(host="127.0.0.1")], is_synchronized=True).level == "error"


def test_clock_that_nothing_confirms_is_a_warning() -> None:
    assert check_clock([], is_synchronized=False).level == "warning"
    assert check_clock([], is_synchronized=None).level == "ok"
    assert check_clock([], is_synchronized=True).found.endswith("NTP keeps it right")
    assert is_synchronized() in {True, False, None}


# ----------------------------------------------------------------------------------------------------------- folders


def test_folder_is_writable_or_can_be_made(tmp_path: Path) -> None:
    assert check_writable("output", str(tmp_path)).found == f"{tmp_path} can be written to"
    assert check_writable("output", str(tmp_path / "a" / "b")).found == f"{tmp_path}/a/b can be made"
    (tmp_path / "file").write_text("", encoding="utf-8")
    finding = check_writable("output", str(tmp_path / "file" / "b"))
    assert (finding.level, finding.found) == ("error", f"{tmp_path}/file is no folder")
    os.chmod(tmp_path, 0o777)
    assert check_writable("state", str(tmp_path)).help == f"chmod o-w {tmp_path}"


def test_folder_of_another_user_is_an_error(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    os.chmod(tmp_path, 0o500)
    assert check_writable("output", str(tmp_path / "a")).level == "error"


def test_altered_documents_are_a_warning(site: SiteFolder) -> None:
    site.build()
    config = site.load()
    _, built = read_state(config, 0)
    versions = [(row.path, row.version) for row in built.documents]
    assert check_documents(config, versions).level == "ok"
    (site.output / "all/feed.rss").unlink()
    assert check_documents(config, versions).found.startswith(f"1 of {len(versions)} were altered")


@pytest.mark.parametrize(
    ("kind", "level"), [("ext4", "ok"), ("overlay", "ok"), ("nfs4", "warning"), ("fuse.sshfs", "warning")]
)
def test_state_belongs_on_a_local_disk(kind: str, level: str, tmp_path: Path) -> None:
    mounts = [Mount(1, "/", "ext4"), Mount(2, str(tmp_path), kind)]
    assert check_disk(str(tmp_path / "state"), mounts).level == level


KEY = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("text", "mode", "is_public", "level"),
    [
        (f"acme: {{key: '{KEY}'}}\n", 0o600, False, "ok"),
        (f"acme: {{key: '{KEY}'}}\n", 0o640, False, "ok"),
        (f"acme: {{key: '{KEY}'}}\n", 0o644, False, "warning"),
        (f"acme: {{key: '{KEY}'}}\n", 0o660, False, "error"),
        ("acme: {key: secret}\n", 0o600, False, "error"),
        ("", 0o600, False, "warning"),
        ("", 0o600, True, "ok"),
    ],
)
def test_partners_are_valid_and_private(text: str, mode: int, is_public: bool, level: str, tmp_path: Path) -> None:  # noqa: FBT001
    path = tmp_path / "partners.yaml"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    finding = check_partners(Api(public=is_public, partners=str(path)), {})
    assert finding.level == level
    assert "secret" not in str(finding)


@pytest.mark.parametrize(
    ("free", "files", "level"),
    [(10**10, None, "ok"), (2 * 10**9, None, "warning"), (9 * 10**8, None, "error"), (10**10, 99, "error")],
)
def test_room_is_compared_with_what_a_build_needs(free: int, files: int | None, level: str) -> None:
    assert check_room("disk", "/srv", Room(1, free, files), 10**9, 100).level == level


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (34e6, "34 MB"), (2e13, "20.0 TB")]
)
def test_bytes_have_their_largest_unit(number: float, text: str) -> None:
    assert format_bytes(int(number)) == text


# ---------------------------------------------------------------------------------------------------------- watching


@pytest.mark.parametrize(
    ("folders", "watches", "instances", "level"),
    [
        (10, 8192, 128, "ok"),
        (5000, 8192, 128, "warning"),
        (9000, 8192, 128, "error"),
        (10, 8192, 4, "warning"),
        (None, 8192, 128, "warning"),
        (10**6, None, None, "ok"),
    ],
)
def test_limits_of_watches(folders: int | None, watches: int | None, instances: int | None, level: str) -> None:
    assert check_watches(folders, watches, instances).level == level


def test_advice_leaves_room_for_growth() -> None:
    assert "fs.inotify.max_user_watches=65536" in check_watches(9000, 8192, 128).help


def test_folders_and_limits_are_read(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "max_user_watches").write_text("512\n", encoding="ascii")
    assert count_folders([str(tmp_path)]) == 3
    assert read_limit("max_user_watches", str(tmp_path)) == 512
    assert read_limit("missing", str(tmp_path)) is None


# ---------------------------------------------------------------------------------------------------------- settings


def test_missing_header_of_a_hub_is_an_error_that_names_the_variable(site: SiteFolder) -> None:
    site.configure(f"{CONFIG}hubs: [{{url: 'https://hub.test/', header_env: HUB_KEY}}]\n")
    (finding,) = check_environment(site.load(), {})
    assert finding.level == "error"
    assert finding.found.startswith("HUB_KEY: the header for https://hub.test/ is empty")
    (finding,) = check_environment(site.load(), {"HUB_KEY": "Bearer secret"})
    assert (finding.level, finding.found) == ("ok", "HUB_KEY set")


def test_state_is_missing_then_recent_then_old_then_of_another_version(site: SiteFolder) -> None:
    config = site.load()
    assert read_state(config, 0)[0].help == "run syndicate build"
    site.build()
    finding, built = read_state(config, 0)
    now = built.built_at
    assert finding.level == "ok"
    assert read_state(config, now + 3600)[0].found.endswith("documents, built 1 h ago")
    assert read_state(config, now + 90000)[0].level == "warning"
    (site.folder / ".syndicate" / "index.db").write_bytes(b"")
    finding, built = read_state(config, now)
    assert (finding.level, "another version" in finding.found, built.documents) == ("warning", True, ())


# ----------------------------------------------------------------------------------------------------------- network


def row(path: str, modified_at: int, period: str = "") -> DocumentRow:
    return DocumentRow(path, 1, period, b"", 1, "", modified_at)


def test_documents_that_changed_last_are_compared() -> None:
    rows = [
        row("all/feed.rss", 5), row("all/feed.atom", 5), row("topics/a/feed.rss", 7), row("topics/a/feed.atom", 5),
        row("index.html", 1), row("all/archive/2026-01/feed.rss", 9, "2026-01"), row("all/feed.rss.gz", 9),
        row("catalog.json", 9),
    ]  # fmt: skip
    assert [each.path for each in choose_documents(rows)] == ["all/feed.atom", "topics/a/feed.rss", "index.html"]


def test_links_are_parsed_as_servers_write_them() -> None:
    values = ['<https://a.test/?x=1,2>; rel="hub", <b>;rel=self', '<c>; title=t; REL="Hub  next", <d>']
    assert parse_links(values) == {("hub", "https://a.test/?x=1,2"), ("self", "b"), ("hub", "c"), ("next", "c")}
