"""The walk from a blog to a served feed, and the commands for operators, run as docs/ write them."""

from __future__ import annotations

import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from support.sites import clean_environment
from support.web_servers import free_port, program, running_nginx

ROOT = Path(__file__).resolve().parents[1]
# What needs another machine: its packages and its services.
_NOT_RUN = ("apt ", "python3 -m venv", "/opt/syndicate/", "ln -s /opt/", "nginx -t", "systemctl ")


def steps(page: str) -> list[tuple[list[str], str | None]]:
    """Returns the commands of each `sh` block of a page, with the `text` block that directly follows it."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = re.findall(r"```sh\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", text, re.DOTALL)
    return [(block.splitlines(), output or None) for block, output in found]


class Machine:
    """Runs commands in a folder that stands for a machine's root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.port = 0
        (root / "bin").mkdir()
        (root / "bin/syndicate").symlink_to(Path(sys.executable).parent / "syndicate")
        for name in ("srv/blog/_posts", "etc/nginx/conf.d", "etc/systemd/system", "var/backups"):
            (root / name).mkdir(parents=True)
        self.blog = root / "srv/blog"
        (self.blog / "_config.yml").write_text(
            "title: My blog\nurl: https://blog.example.org\ntimezone: Europe/Berlin\n", encoding="utf-8"
        )
        self.post("2026-01-31-hello.md", "Hello")
        self.post("2026-02-14-seeds.md", "Seeds")

    def post(self, name: str, title: str) -> None:
        (self.blog / "_posts" / name).write_text(f"---\ntitle: {title}\ntags: [garden]\n---\nText.\n", encoding="utf-8")

    def run(self, command: str) -> str:
        """Runs a command, and returns what it prints, with the paths that the page names."""
        command = re.sub(r"(?<![\w.])(/srv/blog|/etc/|/var/backups)", rf"{self.root}\1", command.removeprefix("sudo "))
        command = command.replace("http://127.0.0.1/", f"http://127.0.0.1:{self.port}/")
        done = subprocess.run(
            ["bash", "-ec", command], cwd=self.blog, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            encoding="utf-8", env={**clean_environment(), "PATH": f"{self.root}/bin:/usr/bin:/bin:/usr/sbin"},
        )  # fmt: skip
        assert done.returncode == 0, (command, done.stdout)
        return done.stdout.replace(str(self.root), "").replace("\r\n", "\n")


def matches(printed: str, quoted: str) -> bool:
    """Returns whether lines are those that a page quotes, in which … stands for anything."""
    pattern = ".*".join(map(re.escape, quoted.strip().split("…")))
    return re.fullmatch(pattern, printed.strip()) is not None


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_walk_from_a_blog_to_a_served_feed(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> None:
    program("nginx")
    machine.port = free_port()
    for commands, quoted in steps("docs/first-feed.md"):
        runnable = [one for one in commands if not one.removeprefix("sudo ").startswith(_NOT_RUN)]
        if any("curl" in one for one in runnable):
            server = (machine.root / "etc/nginx/conf.d/feeds.conf").read_text(encoding="utf-8")
            http = server.replace("listen 80;", f"listen 127.0.0.1:{machine.port};")
            with running_nginx(tmp_path_factory.mktemp("nginx"), http, machine.port):
                printed = "".join(map(machine.run, runnable))
        else:
            printed = "".join(map(machine.run, runnable))
        if quoted is not None:
            assert matches(printed, quoted), printed
    service = (machine.root / "etc/systemd/system/syndicate-publish.service").read_text(encoding="utf-8")
    (start,) = re.findall(r"^ExecStart=(.*)$", service, re.MULTILINE)
    machine.post("2026-03-01-bulbs.md", "Bulbs")
    subprocess.run(shlex.split(start), cwd=machine.blog, env=clean_environment(), check=True, capture_output=True)
    assert b"<title>Bulbs</title>" in (machine.blog / "feeds/topics/garden/feed.atom").read_bytes()


def built(machine: Machine) -> None:
    machine.run("syndicate init .")
    (machine.blog / "config.yaml").write_text(
        (machine.blog / "config.yaml").read_text(encoding="utf-8") + "api: {}\n", encoding="utf-8"
    )
    machine.run("syndicate build")


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="the command sqlite3 is not installed")
def test_backup_is_taken_with_the_command_of_the_page(machine: Machine) -> None:
    built(machine)
    (command,) = [one for commands, _ in steps("docs/operate.md") for one in commands if one.startswith("sqlite3 ")]
    machine.run(command)
    with closing(sqlite3.connect(machine.root / "var/backups/index.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_restored_index_goes_on(machine: Machine) -> None:
    built(machine)
    with (
        closing(sqlite3.connect(machine.blog / ".syndicate/index.db")) as index,
        closing(sqlite3.connect(machine.root / "var/backups/index.db")) as copy,
    ):
        index.backup(copy)
    machine.post("2026-03-01-bulbs.md", "Bulbs")
    machine.run("syndicate build")
    after = (machine.blog / "feeds/all/feed.atom").read_bytes()
    (restore,) = [commands for commands, _ in steps("docs/operate.md") if commands[0].startswith("cp ")]
    for command in restore:
        machine.run(command)
    assert (machine.blog / "feeds/all/feed.atom").read_bytes() == after


def test_lost_state_leaves_the_documents(machine: Machine) -> None:
    built(machine)
    before = {path: path.stat().st_mtime_ns for path in (machine.blog / "feeds").rglob("*") if path.is_file()}
    shutil.rmtree(machine.blog / ".syndicate")
    machine.run("syndicate build")
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_state_folder_holds_what_the_page_lists(machine: Machine) -> None:
    built(machine)
    page = (ROOT / "docs/operate.md").read_text(encoding="utf-8")
    for path in (machine.blog / ".syndicate").iterdir():
        assert f"`{path.name}`" in page or path.suffix == ".template", path.name


def test_commands_for_operators_run(machine: Machine) -> None:
    built(machine)
    machine.run("syndicate partner add acme")
    for commands, _ in steps("docs/operate.md"):
        for command in commands:
            if command.startswith("syndicate ") and "--hub" not in command:
                machine.run(command)
