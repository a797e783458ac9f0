"""A process that waits to be asked: what it does then, and when it starts again."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from support.sites import SiteFolder, clean_environment, record

import syndicate


def start(site_folder: SiteFolder) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "syndicate.cli.standby", "build", "--json"],
        cwd=site_folder.folder, env=clean_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_command_runs_after_a_line(site_folder: SiteFolder) -> None:
    with start(site_folder) as process:
        site_folder.put("a.md", record("Alpha"))
        out, err = process.communicate("build\n", timeout=60)
    assert (process.returncode, err) == (0, "")
    assert '"entries": 1' in out
    assert (site_folder.output / "all/feed.rss").exists()


def test_process_ends_without_a_line(site_folder: SiteFolder) -> None:
    with start(site_folder) as process:
        assert process.communicate("", timeout=60) == ("", "")
    assert process.returncode == 0
    assert not site_folder.output.exists()


UPGRADE = """
import sys
from pathlib import Path
import syndicate
from syndicate.cli.standby import run_when_asked

def upgrade():
    (Path(syndicate.__file__).parent / "new_module.py").write_text("")
    return "build"

def replace_process(executable, command):
    print(*command[1:])
    sys.exit(7)

run_when_asked(["build", "--json"], upgrade, replace_process)
"""


def test_upgraded_program_is_started_again(tmp_path: Path) -> None:
    """The program is a copy, since other tests depend on this one."""
    package = Path(syndicate.__file__).parent
    shutil.copytree(package, tmp_path / "syndicate", ignore=shutil.ignore_patterns("__pycache__", "sample"))
    (tmp_path / "syndicate/sample").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", UPGRADE], cwd=tmp_path, env=clean_environment({"PYTHONPATH": str(tmp_path)}),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (7, "-m syndicate build --json\n", "")
