"""The command line: exit codes, streams, time options, and the output of each verb."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.sites import CONFIG, ROOT, SiteFolder, clean_environment, record, run, tree

import syndicate
from syndicate import cli
from syndicate.cli import build as building

NOW = "2026-07-01T00:00:00Z"
JSON_KEYS = {
    "entries", "hidden", "merged", "problems", "warnings", "feeds", "written", "unchanged", "removed", "seconds",
}  # fmt: skip
PROBLEM_LINE = re.compile(r"^.+:\d+:\d+: .+: .+")
HEAVY = {
    "lxml",
    "feedgen",
    "yaml",
    "aiohttp",
    "markdown_it",
    "nh3",
    "dateutil",
    "rich",
    "frontmatter",
    "asyncio",
    "sqlite3",
    "brotli",
    "prometheus_client",
}


@pytest.fixture
def news(site_folder: SiteFolder) -> SiteFolder:
    """Returns a site with a valid record, one with a warning and one with an error."""
    site_folder.put("a.md", record("Good"))
    site_folder.put("b.md", record("Warned", "webUrl: javascript:alert(1)"))
    site_folder.put("c.md", "---\ntitle: [broken\n---\n")
    return site_folder


# ---------------------------------------------------------------------------------------------------------- exit codes


def test_0_when_done_even_with_problems(news: SiteFolder) -> None:
    assert news.run("build", "--now", NOW).returncode == 0
    assert news.run("check", "--now", NOW).returncode == 0


def test_1_with_problems_under_strict_and_the_tree_is_built_anyway(news: SiteFolder) -> None:
    assert news.run("check", "--strict", "--now", NOW).returncode == 1
    assert news.run("build", "--strict", "--now", NOW).returncode == 1
    assert b"Good" in (news.output / "all/feed.rss").read_bytes()


def test_a_warning_alone_counts_under_strict(site_folder: SiteFolder) -> None:
    site_folder.put("b.md", record("Warned", "webUrl: javascript:alert(1)"))
    assert site_folder.run("check", "--strict", "--now", NOW).returncode == 1
    assert site_folder.run("build", "--strict", "--now", NOW).returncode == 1


def test_0_under_strict_without_problems(site_folder: SiteFolder) -> None:
    site_folder.put("a.md", record("Good"))
    assert site_folder.run("check", "--strict", "--now", NOW).returncode == 0
    assert site_folder.run("build", "--strict", "--now", NOW).returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [["buidl"], ["build", "--nwo"], ["build", "x"], ["init"], ["init", "a", "b"], ["check", "--config"],
     ["build", "--now"], ["build", "--now", "soon"], ["build", "--now", ""], ["build", "--now", "03/04/2026"],
     ["build", "--now", "2026-02-30"], ["build", "--now", "2026"], ["check", "--now", "2026-01-01T25:00:00Z"]],
    ids=" ".join,
)  # fmt: skip
def test_2_for_wrong_usage_with_a_message_on_standard_error(arguments: list[str], site_folder: SiteFolder) -> None:
    done = site_folder.run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: syndicate")
    assert "error: " in done.stderr
    assert not site_folder.output.exists()


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["buidl"], "argument VERB: 'buidl' is unknown: did you mean 'build'?"),
        (["headers", "ngnix"], "argument KIND: 'ngnix' is unknown: did you mean 'nginx'?"),
        (["partner", "lits"], "argument ACTION: 'lits' is unknown: did you mean 'list'?"),
        (["xyz"], "argument VERB: 'xyz' is unknown: known are init, schema, build, "),
    ],
)
def test_mistyped_word_is_told_with_the_nearest_one(arguments: list[str], hint: str, tmp_path: Path) -> None:
    assert f"error: {hint}" in run(*arguments, cwd=tmp_path).stderr


@pytest.mark.parametrize("verb", ["build", "check", "serve", "status", "push", "worker", "publish"])
def test_missing_configuration_is_told_with_the_ways_to_get_one(verb: str, tmp_path: Path) -> None:
    done = run(verb, cwd=tmp_path)
    hint = "'syndicate init DIR' makes one, -c FILE names another\n"
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"syndicate: no config.yaml here: {hint}"
    assert run(verb, "-c", "x/y.yaml", cwd=tmp_path).stderr == f"syndicate: x/y.yaml: there is no such file: {hint}"


@pytest.mark.parametrize("verb", ["build", "check"])
@pytest.mark.parametrize(
    ("text", "position_and_field"),
    [
        ("site: {title: T}\ncorpus: {path: corpus}\n", r"1:7: site\.url: is required"),
        (CONFIG + "amounts: 5\n", r"7:1: amounts: unknown key"),
        (CONFIG.replace("https://feeds.test/", "ftp://feeds.test/"), r"3:8: site\.url: scheme 'ftp'"),
        (CONFIG.replace("path: corpus", "path: elsewhere"), r"6:16: corpus\[0\]\.path: no such folder"),
        ("site: [", r"\d+:\d+: config: "),
        ("", r"1:1: site: is required"),
        ("\x00", r"\d+:\d+: config: "),
    ],
)
def test_3_for_an_invalid_configuration_with_positions(
    verb: str, text: str, position_and_field: str, site_folder: SiteFolder
) -> None:
    site_folder.configure(text)
    done = site_folder.run(verb)
    assert (done.returncode, done.stdout) == (3, "")
    assert re.search(rf"^config\.yaml:{position_and_field}", done.stderr, re.MULTILINE)
    assert "Traceback" not in done.stderr
    assert not site_folder.output.exists()


def test_3_reports_every_fault_of_the_configuration_at_once(site_folder: SiteFolder) -> None:
    site_folder.configure(
        "site: {url: x, id: y}\nfeeds: {limit: none, formats: [pdf]}\ncorpus: {path: nowhere}\nhub: z\n"
    )
    lines = site_folder.run("build").stderr.splitlines()
    assert len(lines) >= 7
    assert all(PROBLEM_LINE.match(line) for line in lines)


@pytest.mark.parametrize("config", ["corpus", "corpus/a.md/config.yaml"])
def test_3_for_a_configuration_that_cannot_be_read(config: str, site_folder: SiteFolder) -> None:
    site_folder.put("a.md", "")
    done = site_folder.run("build", "-c", config)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(f"{config}:1:1: config: cannot be read: ")


# ------------------------------------------------------------------------------------------------------------- build


def test_build_without_problems_prints_nothing_to_pipes(site_folder: SiteFolder) -> None:
    site_folder.put("a.md", record("Good"))
    done = site_folder.run("build", "--now", NOW)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_build_prints_problems_to_standard_error(news: SiteFolder) -> None:
    done = news.run("build", "--now", NOW)
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 2
    assert all(PROBLEM_LINE.match(line) for line in lines)
    assert lines[0].startswith("corpus/b.md:4:9: webUrl: ")
    assert lines[0].endswith(" (warning)")
    assert lines[1].startswith("corpus/c.md:")
    assert not lines[1].endswith(" (warning)")


def test_build_prints_twenty_problems_and_the_number_of_the_others(site_folder: SiteFolder) -> None:
    for number in range(25):  # each in a field of its own: `tags.0`, `tags.1`
        site_folder.put(f"{number:02}.md", record("A", f"tags: [{'a, ' * number}{{x: 1}}]"))
    lines = site_folder.run("build", "--now", NOW).stderr.splitlines()
    assert len(lines) == 21
    assert re.fullmatch(r"… and \d+ more: run syndicate check to list them all", lines[-1])


def test_json_of_build_is_one_object_of_numbers(news: SiteFolder) -> None:
    done = news.run("build", "--json", "--now", NOW)
    figures = json.loads(done.stdout)
    assert set(figures) == JSON_KEYS
    assert figures["seconds"] > 0
    assert {**figures, "seconds": 0} == {
        "entries": 2, "hidden": 0, "merged": 0, "problems": 2, "warnings": 0, "feeds": 1, "written": 9,
        "unchanged": 0, "removed": 0, "seconds": 0,
    }  # fmt: skip
    assert len(done.stdout.splitlines()) == 1


def test_numbers_of_build_add_up(site_folder: SiteFolder) -> None:
    site_folder.put("a.md", record("A", "webUrl: https://n.test/1", "topics: [X, Y]"))
    site_folder.put("b.md", record("B", "webUrl: https://n.test/1", "topics: [Y, Z]"))
    site_folder.put("c.md", record("C", "published: false"))
    site_folder.put("d.md", record("D", date="2027-01-01"))
    figures = json.loads(site_folder.run("build", "--json", "--now", NOW).stdout)
    assert (figures["entries"], figures["merged"], figures["hidden"], figures["feeds"]) == (1, 1, 2, 4)
    assert figures["written"] == 4 * 4 + 5 == len(tree(site_folder.output)) - 1


def test_second_build_writes_nothing(news: SiteFolder) -> None:
    first = json.loads(news.run("build", "--json", "--now", NOW).stdout)
    before = {path: path.stat().st_mtime_ns for path in news.output.rglob("*")}
    second = json.loads(news.run("build", "--json", "--now", NOW).stdout)
    assert (second["written"], second["removed"]) == (0, 0)
    assert second["unchanged"] == first["written"]
    assert second["problems"] == first["problems"]
    assert {path: path.stat().st_mtime_ns for path in news.output.rglob("*")} == before


def test_build_after_the_state_was_deleted_writes_nothing(news: SiteFolder) -> None:
    news.run("build", "--now", NOW)
    before = tree(news.output)
    for file in (news.folder / ".syndicate").iterdir():
        file.unlink()
    assert json.loads(news.run("build", "--json", "--now", NOW).stdout)["written"] == 0
    assert tree(news.output) == before


def test_build_after_the_output_was_deleted_writes_it_again(news: SiteFolder) -> None:
    news.run("build", "--now", NOW)
    before = tree(news.output)
    shutil.rmtree(news.output)
    assert news.run("build", "--now", NOW).returncode == 0
    assert tree(news.output) == before


def test_removed_document_is_written_again(news: SiteFolder) -> None:
    news.run("build", "--now", NOW)
    before = tree(news.output)
    (news.output / "all/feed.rss").unlink()
    news.put("d.md", record("Another"))
    news.run("build", "--now", NOW)
    after = tree(news.output)
    assert set(after) == set(before)
    assert b"Another" in after["all/feed.rss"]


# ------------------------------------------------------------------------------------------------------------- check


def test_check_prints_problems_to_standard_output_and_counts_to_standard_error(news: SiteFolder) -> None:
    done = news.run("check", "--now", NOW)
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    assert all(PROBLEM_LINE.match(line) for line in lines)
    assert [line.endswith("(warning)") for line in lines] == [True, False]
    site, counts = done.stderr.splitlines()
    assert site == "corpus[0]: corpus: no known generator (without a configuration of a generator)"
    assert re.fullmatch(r"2 entries, 0 hidden, 0 merged; 1 error, 1 warnings?", counts)


def test_check_lists_the_same_problem_once_or_in_every_file(site_folder: SiteFolder) -> None:
    for number in range(25):
        site_folder.put(f"{number:02}.md", "---\ntitle: A\n---\n")
    (line,) = site_folder.run("check", "--now", NOW).stdout.splitlines()
    assert line.startswith("25 times: publishedDateTime: no date, neither here nor in the path: corpus/00.md:1:1, ")
    assert len(site_folder.run("check", "--all", "--now", NOW).stdout.splitlines()) == 25


def test_check_writes_nothing(news: SiteFolder) -> None:
    before = tree(news.folder)
    news.run("check", "--now", NOW)
    assert tree(news.folder) == before


def test_check_prints_the_problems_that_build_prints(news: SiteFolder) -> None:
    assert news.run("check", "--now", NOW).stdout == news.run("build", "--now", NOW).stderr


def test_json_of_check_is_an_array_of_objects(news: SiteFolder) -> None:
    done = news.run("check", "--json", "--now", NOW)
    problems = json.loads(done.stdout)
    assert [set(problem) for problem in problems] == [{"path", "line", "column", "field", "message", "severity"}] * 2
    assert [problem["severity"] for problem in problems] == ["warning", "error"]
    assert (problems[0]["path"], problems[0]["line"], problems[0]["field"]) == ("corpus/b.md", 4, "webUrl")


def test_json_of_check_without_problems_is_an_empty_array(site_folder: SiteFolder) -> None:
    site_folder.put("a.md", record("Good"))
    done = site_folder.run("check", "--json", "--now", NOW)
    assert (json.loads(done.stdout), done.returncode) == ([], 0)


def test_check_lists_hidden_files_and_why(site_folder: SiteFolder) -> None:
    site_folder.put("a.md", record("Good"))
    site_folder.put("b.md", "---\ntitle: B\ndate: 2026-01-01\nunlisted: true\n---\n")
    site_folder.put("d/2999-01-01-d.md", "---\ntitle: D\n---\n")
    done = site_folder.run("check", "--hidden", "--now", NOW)
    assert done.stdout.splitlines() == [
        "corpus/b.md:4:11: unlisted: true",
        "corpus/d/2999-01-01-d.md:1:1: path: 2999-01-01T00:00:00Z is in the future",
    ]
    assert (done.stderr, done.returncode) == ("2 files hidden\n", 0)
    listed = json.loads(site_folder.run("check", "--hidden", "--json", "--now", NOW).stdout)
    assert listed[0] == {"path": "corpus/b.md", "line": 4, "column": 11, "field": "unlisted", "message": "true"}


def test_problems_are_in_the_order_of_the_files(site_folder: SiteFolder) -> None:
    for name in ("b/x.md", "a.md", "b.md", "c/a.md", "Z.md"):
        site_folder.put(name, "---\ndate: 2026-01-01\n---\n")
    paths = [problem["path"] for problem in json.loads(site_folder.run("check", "--json", "--now", NOW).stdout)]
    assert paths == [f"corpus/{name}" for name in ("Z.md", "a.md", "b.md", "b/x.md", "c/a.md")]


# --------------------------------------------------------------------------------------------------------------- time


def shown(site_folder: SiteFolder) -> list[str]:
    return [item["title"] for item in json.loads((site_folder.output / "all/feed.json").read_bytes())["items"]]


@pytest.fixture
def dated(site_folder: SiteFolder) -> SiteFolder:
    site_folder.put("a.md", record("Old", date="2020-01-01"))
    site_folder.put("b.md", record("New", date="2026-01-01T12:00:00Z"))
    site_folder.put("c.md", record("Brief", "expiryDate: 2026-02-01T00:00:00Z", date="2025-01-01"))
    return site_folder


@pytest.mark.parametrize(
    ("now", "titles"),
    [
        ("2019-12-31T23:59:59Z", []),
        ("2020-01-01", ["Old"]),
        ("2026-01-01T11:59:59Z", ["Brief", "Old"]),
        ("2026-01-01T12:00:00Z", ["New", "Brief", "Old"]),
        ("2026-01-01T14:00:00+03:00", ["Brief", "Old"]),
        ("Thu, 01 Jan 2026 12:00:00 GMT", ["New", "Brief", "Old"]),
        ("2026-01-31T23:59:59Z", ["New", "Brief", "Old"]),
        ("2026-02-01T00:00:00Z", ["New", "Old"]),
        ("9999-12-31T23:59:59Z", ["New", "Old"]),
    ],
)
def test_now_selects_the_published_entries(now: str, titles: list[str], dated: SiteFolder) -> None:
    assert dated.run("build", "--now", now).returncode == 0
    assert shown(dated) == titles


def test_source_date_epoch_is_the_time_without_now(dated: SiteFolder) -> None:
    assert dated.run("build", SOURCE_DATE_EPOCH="1577836800").returncode == 0
    assert shown(dated) == ["Old"]


def test_now_takes_precedence_over_source_date_epoch(dated: SiteFolder) -> None:
    assert dated.run("build", "--now", "2026-03-01", SOURCE_DATE_EPOCH="1577836800").returncode == 0
    assert shown(dated) == ["New", "Old"]


def test_empty_source_date_epoch_is_ignored(dated: SiteFolder) -> None:
    assert dated.run("build", SOURCE_DATE_EPOCH="").returncode == 0
    assert shown(dated) == ["New", "Old"]


@pytest.mark.parametrize(
    "epoch", ["soon", "1.5", "1e9", "2026-01-01", "0x10", "99999999999999999", "-99999999999999", "nan"]
)
@pytest.mark.parametrize("verb", ["build", "check"])
def test_invalid_source_date_epoch_is_reported(verb: str, epoch: str, dated: SiteFolder) -> None:
    done = dated.run(verb, SOURCE_DATE_EPOCH=epoch)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("SOURCE_DATE_EPOCH:1:1: environment: expected seconds since 1970, got ")
    assert not dated.output.exists()


# --------------------------------------------------------------------------------------------------------------- init


@pytest.mark.parametrize("existing", [False, True], ids=["new", "empty"])
def test_init_writes_a_site_that_builds_without_problems(existing: bool, tmp_path: Path) -> None:  # noqa: FBT001
    folder = tmp_path / "news"
    if existing:
        folder.mkdir()
    done = run("init", "news", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert re.match(r"news: wrote config\.yaml, config\.schema\.json and a sample corpus of \d+ files\n", done.stderr)
    assert "cd news && syndicate build" in done.stderr
    assert (folder / "config.schema.json").read_text(encoding="utf-8") == run("schema", cwd=folder).stdout
    first = run("build", "--strict", "--json", "--now", NOW, cwd=folder)
    assert first.returncode == 0, first.stderr
    assert tree(folder / "feeds") == tree(ROOT / "feeds")
    assert json.loads(run("build", "--json", "--now", NOW, cwd=folder).stdout)["written"] == 0


def test_init_creates_parent_folders_and_accepts_any_name(tmp_path: Path) -> None:
    name = "a/b c/Ünïcode"
    assert run("init", name, cwd=tmp_path).returncode == 0
    assert run("check", "--strict", "--now", NOW, cwd=tmp_path / name).returncode == 0


@pytest.mark.parametrize("name", ["settings.yaml", ".git/HEAD", "notes.txt"])
def test_init_refuses_a_folder_that_is_not_empty(name: str, tmp_path: Path) -> None:
    file = tmp_path / "news" / name
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    done = run("init", "news", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "syndicate: news: is not empty, and holds neither a known site nor a Markdown file\n"
    assert tree(tmp_path / "news") == {name: b"mine"}


POST = "---\ntitle: A\ndate: 2026-01-31\n---\nText\n"


def test_init_in_a_site_writes_nothing_but_the_configuration(tmp_path: Path) -> None:
    files = {"_config.yml": "title: J\nurl: https://j.example\n", "_posts/2026-01-31-a.md": POST}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    done = run("init", ".", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines() == [
        ".: Jekyll, recognised by _config.yml: title J, address https://j.example/",
        ".: assumed: the feeds will be served at https://j.example/feeds/ (site.url)",
        ".: assumed: the language is English (site.language)",
        ".: wrote config.yaml",
        "next: syndicate check && syndicate build",
    ]
    assert set(tree(tmp_path)) == {*files, "config.yaml"}
    assert run("check", "--strict", "--now", NOW, cwd=tmp_path).returncode == 0
    assert run("build", "--now", NOW, cwd=tmp_path).returncode == 0
    feed = json.loads((tmp_path / "feeds/all/feed.json").read_bytes())
    assert [item["url"] for item in feed["items"]] == ["https://j.example/2026/01/31/a.html"]
    again = run("init", ".", cwd=tmp_path)
    assert (again.returncode, again.stderr) == (1, "syndicate: ./config.yaml: exists already, and was not changed\n")


def test_init_leaves_the_configuration_of_a_generator_alone(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "content/a.md").write_text(POST)
    (tmp_path / "config.yaml").write_text("title: H\nbaseURL: https://h.example/\n")
    done = run("init", str(tmp_path), cwd=tmp_path.parent)
    assert done.returncode == 0
    assert done.stderr.endswith(
        f"next: cd {tmp_path} && syndicate check -c syndicate.yaml && syndicate build -c syndicate.yaml\n"
    )
    assert (tmp_path / "config.yaml").read_text() == "title: H\nbaseURL: https://h.example/\n"
    assert run("check", "-c", "syndicate.yaml", "--strict", "--now", NOW, cwd=tmp_path).returncode == 0


def test_init_refuses_a_file(tmp_path: Path) -> None:
    (tmp_path / "news").write_text("mine")
    done = run("init", "news", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("syndicate: news: cannot be written: ")
    assert (tmp_path / "news").read_text() == "mine"


# ------------------------------------------------------------------------------------------------ version, help, speed


def test_version_is_that_of_the_package(tmp_path: Path) -> None:
    done = run("--version", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"syndicate {syndicate.__version__}\n", "")


def test_version_takes_less_than_150_ms(tmp_path: Path) -> None:
    def once() -> float:
        started = time.perf_counter()
        run("--version", cwd=tmp_path)
        return time.perf_counter() - started

    assert min(once() for _ in range(5)) < 0.15


@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], ["build", "--help"], ["schema", "--help"], ["init"]], ids=" ".join
)
def test_idle_runs_import_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "syndicate", *arguments],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines() if "|" in line}
    assert "argparse" in imported
    assert imported & HEAVY == set()


@pytest.mark.parametrize("executor", ["processes", "{kind: dask, scheduler: 'tcp://127.0.0.1:1'}"])
def test_build_imports_no_client_of_a_service_that_it_does_not_use(executor: str, site_folder: SiteFolder) -> None:
    site_folder.put("a.md", record("A"))
    site_folder.configure(f"{CONFIG}executor: {executor}\n")
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "syndicate", "build"],
        cwd=site_folder.folder, env=clean_environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines() if "|" in line}
    assert "sqlite3" in imported
    assert imported & {"dask", "distributed", "obstore", "tornado"} == set()


def test_help_of_every_verb_has_an_example(tmp_path: Path) -> None:
    verbs = re.findall(r"^    (\w+)  ", run("--help", cwd=tmp_path).stdout, re.MULTILINE)
    assert {"init", "schema", "build", "check"} <= set(verbs)
    for verb in verbs:
        done = run(verb, "--help", cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert re.search(rf"^examples?:\n(  .*\n)*  syndicate {verb}\b", done.stdout, re.MULTILINE), verb


def test_no_verb_prints_the_help(tmp_path: Path) -> None:
    done = run(cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == run("--help", cwd=tmp_path).stdout


def complete(line: str, folder: Path) -> list[str]:
    """Returns what bash proposes at the end of a line, with the script that syndicate prints."""
    folder.joinpath("syndicate").write_text(f'#!/bin/sh\nexec {sys.executable} -m syndicate "$@"\n')
    folder.joinpath("syndicate").chmod(0o755)
    script = (
        f"PATH={folder}:$PATH; source <(syndicate completion bash); COMP_LINE={line!r}; COMP_POINT={len(line)}; "
        'COMP_TYPE=9; COMP_WORDBREAKS=$\' \\n\'; _python_argcomplete syndicate; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    environment = clean_environment({"PYTHONPATH": str(ROOT)})
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=True)
    return [word.strip() for word in done.stdout.split("\n") if word.strip()]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("syndicate bu", ["build"]),
        ("syndicate headers n", ["netlify", "nginx"]),
        ("syndicate build --all", ["--allow-shrink"]),
    ],
)
def test_shell_completes_verbs_options_and_choices(line: str, expected: list[str], tmp_path: Path) -> None:
    assert sorted(complete(line, tmp_path)) == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script_is_printed_for_each_shell(shell: str, tmp_path: Path) -> None:
    done = run("completion", shell, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "_ARGCOMPLETE" in done.stdout


def test_committed_manual_is_that_of_the_parser(tmp_path: Path) -> None:
    """`make manual` renews it."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = makefile.partition("\nmanual:")[2].partition("\n\n")[0].partition("\n")[2].replace("$(BIN)/", "")
    folder = Path(sys.executable).parent
    environment = clean_environment({"PATH": f"{folder}:{os.environ['PATH']}"})
    commands = recipe.replace("docs/syndicate.1", str(tmp_path / "syndicate.1"))
    subprocess.run(["sh", "-ec", commands], cwd=ROOT, env=environment, check=True)
    assert (tmp_path / "syndicate.1").read_bytes() == (ROOT / "docs" / "syndicate.1").read_bytes()


def test_help_has_examples_and_every_exit_code(tmp_path: Path) -> None:
    text = run("--help", cwd=tmp_path).stdout
    assert "examples:\n  syndicate init" in text
    assert re.search(r"exit codes: 0 .+ 1 .+ 2 .+ 3 .+\n4 ", text)


# ------------------------------------------------------------------------------------------------------------ streams


def on_terminal(*arguments: str, cwd: Path, stdout: int = subprocess.PIPE) -> tuple[str, str]:
    """Run a verb with a terminal as standard error. Returns what the terminal and standard output received."""
    ours, theirs = pty.openpty()
    environment = clean_environment({"TERM": "xterm", "COLUMNS": "120"})
    with subprocess.Popen(
        [sys.executable, "-m", "syndicate", *arguments], cwd=cwd, env=environment, stdout=stdout, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = bytearray()
        while select.select([ours], [], [], 60)[0]:
            try:
                chunk = os.read(ours, 65536)
            except OSError:  # the process has exited
                break
            if not chunk:
                break
            shown += chunk
        output = process.stdout.read() if process.stdout else b""
    os.close(ours)
    return shown.decode(), output.decode()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> SiteFolder:
    """Returns a site that takes more than a second to build."""
    site_folder = SiteFolder(tmp_path_factory.mktemp("large") / "site", CONFIG + "feeds: {by: [], limit: 2000}\n")
    body = "A paragraph with *emphasis*, `code` and [a link](https://n.test/x).\n\n" * 40
    for number in range(900):
        site_folder.put(f"{number:04}.md", record(f"Story {number}", body=body))
    return site_folder


def test_progress_is_shown_on_a_terminal_and_removed(large: SiteFolder) -> None:
    shown_, output = on_terminal("build", "--now", NOW, cwd=large.folder)
    assert "900" in shown_
    assert "━" in shown_
    assert "\x1b[" in shown_
    last = shown_.replace("\r", "").splitlines()[-2:]
    assert re.search(r"1 feeds? of 900 entries \(0 hidden, 0 merged, 0 problems\) in \d+\.\d\d s", last[0])
    assert last[1] == "feeds/: 8 written, 0 unchanged, 0 removed"
    assert output == ""


def test_no_progress_in_pipes(large: SiteFolder) -> None:
    done = large.run("check", "--now", NOW)
    assert "\x1b" not in done.stderr + done.stdout
    assert done.stderr.endswith("\n900 entries, 0 hidden, 0 merged; 0 errors, 0 warnings\n")


def test_no_progress_bar_for_a_short_run(site_folder: SiteFolder) -> None:
    site_folder.put("a.md", record("A"))
    shown_, _ = on_terminal("build", "--now", NOW, cwd=site_folder.folder)
    assert "━" not in shown_
    assert "\x1b" not in shown_
    assert re.match(r"1 feeds? of 1 entr(y|ies) \(0 hidden, 0 merged, 0 problems\)", shown_)


def test_json_on_a_terminal_is_the_only_output(site_folder: SiteFolder) -> None:
    site_folder.put("a.md", record("A"))
    shown_, output = on_terminal("build", "--json", "--now", NOW, cwd=site_folder.folder)
    assert shown_ == ""
    assert set(json.loads(output)) == JSON_KEYS


@pytest.mark.parametrize("arguments", [["check"], ["check", "--json"], ["build", "--json"]], ids=" ".join)
def test_closed_pipe_is_not_an_error(arguments: list[str], news: SiteFolder) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "syndicate", *arguments, "--now", NOW],
            cwd=news.folder,
            env=clean_environment(),
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writing)
    assert "BrokenPipeError" not in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize("verb", ["check", "build"])
def test_problems_of_files_with_any_name_are_printed_in_any_encoding(
    verb: str, encoding: str, site_folder: SiteFolder
) -> None:
    site_folder.put("日本.md", "---\ndate: 2026-01-01\n---\n")
    site_folder.put("häß.md", "---\ntitle: x\ndate: “soon…”\n---\n")
    site_folder.put(os.fsdecode(b"bytes \xff\xfe.md"), "---\ndate: 2026-01-01\n---\n")
    done = subprocess.run(
        [sys.executable, "-m", "syndicate", verb, "--now", NOW],
        cwd=site_folder.folder,
        env=clean_environment({"PYTHONIOENCODING": encoding}),
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in done.stderr
    assert done.returncode == 0
    assert len((done.stdout if verb == "check" else done.stderr).splitlines()) == 3


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(28, "No space left on device", "feeds/all/feed.rss"), "feeds/all/feed.rss: No space left on device"),
        (OSError(11, "Resource temporarily unavailable"), "Resource temporarily unavailable"),
        (OSError("odd"), "odd"),
        (MemoryError(), "there is not enough memory"),
        (RecursionError("maximum recursion depth exceeded"), "the input is nested too deeply"),
    ],
    ids=repr,
)
def test_error_of_the_system_is_one_line(
    error: Exception, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> None:
        raise error

    monkeypatch.setattr(building, "build", fail)
    assert cli.main(["build"]) == 1
    assert capsys.readouterr() == ("", f"syndicate: {line}\n")


def test_interrupted_run_exits_with_130_without_a_traceback(large: SiteFolder) -> None:
    script = (
        "import signal, sys; from syndicate.cli import main\n"
        "signal.signal(signal.SIGALRM, signal.default_int_handler)\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.4); sys.exit(main(['check']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=large.folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_dimension_that_no_record_has_is_reported_with_a_similar_key(site_folder: SiteFolder) -> None:
    site_folder.put("a.md", record("A", "series: S"))
    text = (site_folder.folder / "config.yaml").read_text(encoding="utf-8")
    (site_folder.folder / "config.yaml").write_text(f"{text}\nfeeds: {{by: [topics, sereis]}}\n", encoding="utf-8")
    shown_ = site_folder.run("check", "--now", NOW).stdout
    assert "feeds.by: no record has the key 'sereis'; did you mean 'series'? (warning)" in shown_
