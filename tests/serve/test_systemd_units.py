"""The units of systemd, as text and as systemd-analyze reads them."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.editable_sites import EditableSite
from support.sites import run
from support.web_servers import program

from syndicate.cli.console import LOCKED

NAMES = ["syndicate-publish.service", "syndicate-publish.timer", "syndicate-worker.service", "syndicate-serve.service"]


def written(site: EditableSite, folder: Path) -> dict[str, str]:
    """Returns the units that the command writes into a folder, by name."""
    folder.mkdir(exist_ok=True)
    done = run("headers", "systemd", "--into", str(folder), cwd=site.folder)
    assert done.returncode == 0, done.stderr
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())}


def section(unit: str, name: str) -> dict[str, str]:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(unit)
    return dict(parser[name])


def verify(folder: Path) -> str:
    """Returns what systemd reports about the units of a folder."""
    units = [str(path) for path in sorted(folder.iterdir())]
    done = subprocess.run(
        [program("systemd-analyze"), "verify", "--man=no", *units], capture_output=True, encoding="utf-8", check=False
    )
    return done.stdout + done.stderr


def exposure(unit: Path) -> float:
    """Returns how exposed systemd finds a service, from 0 (not at all) to 10."""
    done = subprocess.run(
        [program("systemd-analyze"), "security", "--offline=yes", "--no-pager", str(unit)],
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert found, done.stderr
    return float(found[1])


def test_units_run_the_verbs_and_write_to_output_and_state_alone(site: EditableSite, tmp_path: Path) -> None:
    site.build()
    units = written(site, tmp_path / "units")
    assert sorted(units) == sorted(NAMES)
    for verb in ("publish", "worker", "serve"):
        service = section(units[f"syndicate-{verb}.service"], "Service")
        assert service["ExecStart"].endswith(f"syndicate {verb} --config {site.folder}/config.yaml")
        assert os.access(service["ExecStart"].split()[0], os.X_OK)
        assert service["WorkingDirectory"] == str(site.folder)
        output = f"{site.output} " if verb != "serve" else ""
        assert service["ReadWritePaths"] == f"{output}{site.state}"
        assert service["AmbientCapabilities"] == ""
    publish = section(units["syndicate-publish.service"], "Service")
    assert (publish["Type"], publish["SuccessExitStatus"]) == ("oneshot", str(LOCKED))
    assert section(units["syndicate-publish.timer"], "Timer")["OnCalendar"] == "*:0/5"


def test_units_are_printed_below_their_names(site: EditableSite) -> None:
    site.build()
    printed = run("headers", "systemd", cwd=site.folder).stdout
    assert re.findall(r"^# (syndicate-\S+)$", printed, re.MULTILINE) == NAMES


def test_service_on_a_privileged_port_has_the_capability_to_bind_it(site: EditableSite, tmp_path: Path) -> None:
    site.settings["serve"] = {"port": 80}
    site.build()
    units = written(site, tmp_path / "units")
    serve = section(units["syndicate-serve.service"], "Service")
    assert serve["AmbientCapabilities"] == serve["CapabilityBoundingSet"] == "CAP_NET_BIND_SERVICE"
    assert section(units["syndicate-worker.service"], "Service")["CapabilityBoundingSet"] == ""


def test_secrets_of_hubs_come_from_a_file(site: EditableSite, tmp_path: Path) -> None:
    site.settings["hubs"] = [{"url": "https://hub.example/", "header_env": "HUB_HEADER"}]
    site.build()
    unit = written(site, tmp_path / "units")["syndicate-worker.service"]
    assert section(unit, "Service")["EnvironmentFile"] == "/etc/syndicate.env"
    assert "HUB_HEADER" in unit


def test_output_in_a_bucket_is_no_folder(site: EditableSite, tmp_path: Path) -> None:
    site.build()
    site.settings |= {"output": "s3://feeds-example/news/", "precompress": False}
    site.configure()
    units = written(site, tmp_path / "units")
    service = section(units["syndicate-publish.service"], "Service")
    assert service["ReadWritePaths"] == str(site.state)
    assert service["EnvironmentFile"] == "/etc/syndicate.env"


def test_state_in_a_database_is_no_folder(site: EditableSite, tmp_path: Path) -> None:
    """The services write to the folder of this machine beside the configuration, and get the password by a file."""
    site.settings["state"] = "postgresql://syndicate@127.0.0.1:1/news"
    site.configure()
    units = written(site, tmp_path / "units")
    for name in ("publish", "worker", "serve"):
        service = section(units[f"syndicate-{name}.service"], "Service")
        assert f"{site.folder}/.syndicate/" in service["ReadWritePaths"]
        assert "postgresql:" not in service["ReadWritePaths"]
        assert service["EnvironmentFile"] == "/etc/syndicate.env"


def test_folders_that_systemd_would_miss_are_reported(site: EditableSite, tmp_path: Path) -> None:
    site.configure()
    done = run("headers", "systemd", cwd=site.folder)
    assert "run syndicate build before" in done.stderr
    assert str(site.output) in done.stderr


def test_unwritable_folder_is_one_line(site: EditableSite, tmp_path: Path) -> None:
    site.build()
    done = run("headers", "systemd", "--into", str(tmp_path / "none"), cwd=site.folder)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert run("headers", "nginx", "--into", str(tmp_path), cwd=site.folder).returncode == 2


@pytest.mark.parametrize("name", ["site", "a site", "50% off", 'a "quoted" one', "dollar $HOME", "back\\slash", "it's"])
def test_systemd_finds_no_fault(name: str, tmp_path: Path) -> None:
    site = EditableSite(tmp_path / name)
    site.settings["site"]["title"] = f"100% {name}\\"
    site.record("a.md")
    site.build()
    folder = tmp_path / "units"
    units = written(site, folder)
    assert verify(folder) == ""
    assert not any("\\\n" in unit for unit in units.values())


def test_services_are_confined(site: EditableSite, tmp_path: Path) -> None:
    site.settings["serve"] = {"port": 80}
    site.build()
    written(site, tmp_path / "units")
    for path in (tmp_path / "units").glob("*.service"):
        assert exposure(path) < 2.0, path.name


@pytest.mark.skipif(sys.platform != "linux", reason="systemd is of Linux")
def test_build_runs_where_no_memory_is_writable_and_executable(site: EditableSite) -> None:
    """`MemoryDenyWriteExecute` of the units, as the kernel enforces it (PR_SET_MDWE of prctl(2), Linux 6.3)."""
    site.configure()
    script = "import ctypes, sys; sys.exit(ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) and 77)"
    if subprocess.run([sys.executable, "-c", script], check=False).returncode == 77:
        pytest.skip("the kernel has no PR_SET_MDWE")
    script = (
        "import ctypes, sys; ctypes.CDLL(None).prctl(65, 1, 0, 0, 0);"
        "from syndicate.cli import main; sys.exit(main(['publish']))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=site.folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (site.output / "all/feed.rss").exists()
