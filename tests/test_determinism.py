"""The bytes of the output depend on corpus, configuration and time only.

Process, locale, time zone, folders and the file system change no byte.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.sites import CONFIG, ROOT, SiteFolder, clean_environment, record, reproducible, run, tree

from syndicate.pipeline import build

SAMPLE = ROOT / "syndicate" / "sample"
NOW = "2026-07-01T00:00:00Z"


def has_locale(name: str) -> bool:
    found = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout
    return name.lower().replace("-", "") in found.lower().replace("-", "").split()


def copy_sample(folder: Path, order: Callable[[list[Path]], list[Path]] = sorted) -> Path:
    """Copies the sample site to a folder, and creates its files in the given order."""
    for file in order([file for file in SAMPLE.joinpath("corpus").rglob("*") if file.is_file()]):
        target = folder / file.relative_to(SAMPLE)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    shutil.copy(SAMPLE / "config.yaml", folder)
    return folder


def built(folder: Path, cwd: Path | None = None, **environment: str) -> dict[str, bytes]:
    done = run("build", "-c", str(folder / "config.yaml"), "--now", NOW, cwd=cwd or folder, **environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return tree(folder / "feeds")


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return built(copy_sample(tmp_path_factory.mktemp("reference")))


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "0"},
        {"PYTHONHASHSEED": "1"},
        {"PYTHONHASHSEED": "4294967295"},
        {"LC_ALL": "C", "LANG": "C"},
        {"LC_ALL": "C.UTF-8"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "de_DE.UTF-8", "LANGUAGE": "de"},
        {"LC_ALL": "tr_TR.UTF-8"},
        {"LANG": "xx_XX.nonsense"},
        {"TZ": "Pacific/Kiritimati"},
        {"TZ": "America/New_York"},
        {"TZ": "XXX+11:30", "PYTHONHASHSEED": "7"},
        {"PYTHONOPTIMIZE": "2"},
    ],
    ids=lambda environment: ",".join(f"{name}={value}" for name, value in environment.items()),
)
def test_environment_changes_no_byte(environment: dict[str, str], reference: dict[str, bytes], tmp_path: Path) -> None:
    locale = environment.get("LC_ALL", "C")
    if locale.partition(".")[0] not in {"C", "POSIX"} and not has_locale(locale):
        pytest.skip(f"this machine has no locale {locale}")
    assert built(copy_sample(tmp_path), **environment) == reference


@pytest.mark.parametrize("where", ["/", "elsewhere", "corpus"])
def test_working_folder_changes_no_byte(where: str, reference: dict[str, bytes], tmp_path: Path) -> None:
    folder = copy_sample(tmp_path / "site")
    (tmp_path / "elsewhere").mkdir()
    cwd = {"/": Path("/"), "elsewhere": tmp_path / "elsewhere", "corpus": folder / "corpus"}[where]
    assert built(folder, cwd) == reference


@pytest.mark.parametrize("config", ["config.yaml", "./config.yaml", "../site/config.yaml"])
def test_spelling_of_the_configuration_path_changes_no_byte(
    config: str, reference: dict[str, bytes], tmp_path: Path
) -> None:
    folder = copy_sample(tmp_path / "site")
    assert run("build", "-c", config, "--now", NOW, cwd=folder).returncode == 0
    assert tree(folder / "feeds") == reference


@pytest.mark.parametrize("seed", [1, 2])
def test_order_in_which_files_were_created_changes_no_byte(
    seed: int, reference: dict[str, bytes], tmp_path: Path
) -> None:
    def shuffled(files: list[Path]) -> list[Path]:
        files = sorted(files)
        random.Random(seed).shuffle(files)
        return files

    assert built(copy_sample(tmp_path, shuffled)) == reference


@pytest.mark.parametrize(
    "environment",
    [{"LC_ALL": "C"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}],
    ids=["C", "ASCII"],
)
def test_locale_changes_no_byte_of_files_with_names_in_any_script(environment: dict[str, str], tmp_path: Path) -> None:
    site_folder = SiteFolder(tmp_path / "site")
    site_folder.put("日本/häß lich.md", record("T"))
    assert built(site_folder.folder, **environment) == built(site_folder.folder, LC_ALL="C.UTF-8")


def test_file_times_and_modes_change_no_byte(reference: dict[str, bytes], tmp_path: Path) -> None:
    folder = copy_sample(tmp_path)
    for index, file in enumerate(sorted(folder.joinpath("corpus").rglob("*.md"))):
        os.utime(file, (index * 1e6, index * 1e6))
        file.chmod(0o444)
    assert built(folder) == reference


def test_deep_folder_with_an_unusual_name_changes_no_byte(reference: dict[str, bytes], tmp_path: Path) -> None:
    assert built(copy_sample(tmp_path / "Ünïcode & spaces" / ("x" * 30))) == reference


def test_source_date_epoch_is_the_time_of_the_build(reference: dict[str, bytes], tmp_path: Path) -> None:
    folder = copy_sample(tmp_path)
    assert run("build", cwd=folder, SOURCE_DATE_EPOCH="1782864000").returncode == 0
    assert tree(folder / "feeds") == reference


def test_output_after_intermediate_changes_equals_a_build_from_nothing(
    reference: dict[str, bytes], tmp_path: Path
) -> None:
    folder = copy_sample(tmp_path)
    news = folder / "corpus" / "_news"
    gone = {file: file.read_bytes() for file in sorted(news.iterdir())[::3]}
    for file in gone:
        file.unlink()
    (news / "2026-06-30-extra.md").write_text("---\ntitle: Extra\ntopics: [Nobody else]\n---\n", encoding="utf-8")
    assert "topics/nobody-else/feed.rss" in built(folder)
    assert run("build", "--now", "2025-01-01", "--allow-shrink", cwd=folder).returncode == 0
    (news / "2026-06-30-extra.md").unlink()
    for file, content in gone.items():
        file.write_bytes(content)
    found = built(folder)
    assert reproducible(found, folder / ".syndicate") == reference
    assert "topics/nobody-else/feed.rss" in found  # who follows it is not told that it is gone


KILLED = """
import signal, sys
signal.setitimer(signal.ITIMER_REAL, float(sys.argv.pop(1)))  # SIGALRM ends the process at once
from syndicate.cli import main
sys.exit(main())
"""


@pytest.mark.parametrize("after_s", [0.03, 0.08, 0.13, 0.18, 0.23, 0.28, 0.33, 0.4])
def test_build_after_a_killed_build_gives_the_same_output(
    after_s: float, reference: dict[str, bytes], tmp_path: Path
) -> None:
    folder = copy_sample(tmp_path)
    for now in ("2025-06-01", NOW):
        killed = subprocess.run(
            [sys.executable, "-c", KILLED, str(after_s), "build", "--now", now],
            cwd=folder,
            env=clean_environment(),
            check=False,
        )
        assert killed.returncode in {0, -signal.SIGALRM}
        documents = [content for path, content in tree(folder / "feeds").items() if path.endswith((".rss", ".atom"))]
        assert all(content.endswith((b"</rss>\n", b"</feed>\n")) for content in documents)
    assert built(folder) == reference


def test_damaged_state_never_damages_the_output(reference: dict[str, bytes], tmp_path: Path) -> None:
    folder = copy_sample(tmp_path)
    assert built(folder) == reference
    (folder / "corpus" / "_news" / "2026-06-30-extra.md").write_text("---\ntitle: Extra\n---\n", encoding="utf-8")
    for file in (folder / ".syndicate").rglob("*"):
        file.write_bytes(b"garbage" * 1000)
    done = run("build", "--now", NOW, cwd=folder)
    assert "Traceback" not in done.stderr
    if done.returncode == 0:
        assert b"<title>Extra</title>" in tree(folder / "feeds")["all/feed.rss"]
    else:
        assert done.stderr.startswith("syndicate: ")
        assert tree(folder / "feeds") == reference


class RandomWalk:
    """Changes a corpus and a configuration at random, step by step."""

    def __init__(self, site_folder: SiteFolder, seed: int) -> None:
        self.site_folder = site_folder
        self.random = random.Random(seed)
        self.now = datetime(2026, 1, 15, tzinfo=UTC)

    def step(self) -> None:
        """Makes one change, as an editor, an operator or a copying tool makes it."""
        self.random.choice([self.write, self.write, self.write, self.remove, self.touch, self.wait, self.configure])()

    def write(self) -> None:
        pick = self.random.choice
        lines = [
            f"topics: {pick(['[A]', '[A, B]', '[b, C++]', '[]', '[null]', '[c, C]'])}",
            f"published: {pick(['true', 'true', 'true', 'false'])}",
            f"webUrl: https://n.test/{pick('abcdefgh')}",
            f"id: {pick(['', '', 'one', 'two'])}",
            f"quality: {pick(['', '1', '50', '99'])}",
            f"secured: {self.random.random()}",
            *pick(
                [["ampWebUrl: https://n.test/amp"], ["lang: ar"], ["updatedDateTime: 2026-01-20"], [":broken: ["], []]
            ),
        ]
        date = f"2026-01-{pick(range(1, 29)):02}"
        path = f"{pick(['_news', 'fr'])}/{pick(range(12))}.md"
        self.site_folder.put(path, record(pick(["Title", "Other"]), *lines, date=date, body=pick(["", "*Body*"])))

    def remove(self) -> None:
        files = sorted(self.site_folder.corpus.rglob("*.md"))
        if files:
            self.random.choice(files).unlink()

    def touch(self) -> None:
        for file in self.site_folder.corpus.rglob("*.md"):
            os.utime(file, (1e9, 1e9))

    def wait(self) -> None:
        self.now += timedelta(days=self.random.choice([1, 5]))

    def configure(self) -> None:
        pick = self.random.choice
        feeds = [
            f"limit: {pick([1, 3, 50])}",
            f"by: {pick(['[topics]', '[topics, language]', '[]'])}",
            f"link: {pick(['canonical', 'amp', 'cdn'])}",
            f"formats: {pick(['[rss, atom, json]', '[json]', '[atom, rss]'])}",
            f"all: {pick(['true', 'true', 'false'])}",
            f"where: {{{pick(['', 'min_quality: 50'])}}}",
        ]
        topics = pick(["", "topics: {A: {slug: b, aliases: [C]}}\n", "topics: {B: {title: Bee}}\n"])
        hubs = pick(["", 'hubs: ["https://hub.test/"]\n'])
        self.site_folder.configure(f"{CONFIG}feeds: {{{', '.join(feeds)}}}\n{topics}{hubs}")


@pytest.mark.parametrize("seed", range(12))
def test_build_after_any_changes_equals_a_build_from_nothing(seed: int, tmp_path: Path) -> None:
    walk = RandomWalk(SiteFolder(tmp_path / "site"), seed)
    for number in range(14):
        for _ in range(walk.random.choice([1, 1, 3])):
            walk.step()
        summary = walk.site_folder.build(walk.now)
        loaded = walk.site_folder.load()
        fresh = tmp_path / f"fresh-{number}"
        anew = build(loaded._replace(output=str(fresh / "feeds"), state=str(fresh / "state")), walk.now)
        found = tree(walk.site_folder.output)
        assert reproducible(found, walk.site_folder.folder / ".syndicate") == tree(fresh / "feeds")
        assert [str(problem) for problem in summary.problems] == [str(problem) for problem in anew.problems]
        figures = "entries hidden merged feeds".split()
        assert [getattr(summary, name) for name in figures] == [getattr(anew, name) for name in figures]
        again = walk.site_folder.build(walk.now)
        assert (again.written, again.removed) == (0, 0)
