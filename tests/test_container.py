"""The container: its Dockerfile is linted, its context suffices to install, and it is built where a builder runs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def context(folder: Path) -> Path:
    """Returns a folder with what .dockerignore lets into the build."""
    allowed = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    for name in allowed:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, target)
    return folder


def test_dockerfile_follows_the_rules_of_hadolint() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    if not hadolint.exists():
        pytest.skip("hadolint is not installed")
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_context_holds_every_file_that_is_copied_and_suffices_to_install(tmp_path: Path) -> None:
    folder = context(tmp_path / "context")
    for line in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE):
        for name in line.split():
            assert (folder / name).exists(), name
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-build-isolation",
        "--no-deps",
        "-w",
        str(tmp_path),
    ]
    subprocess.run([*command, str(folder)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert any(name.endswith("share/man/man1/syndicate.1") for name in names)
    packaged = {name for name in names if name.startswith("syndicate/")}
    for path in (ROOT / "syndicate").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert str(path.relative_to(ROOT)) in packaged


def test_image_runs_as_a_user_with_a_healthcheck() -> None:
    final = DOCKERFILE.rsplit("FROM ", 1)[1]
    assert re.search(r"^USER 1000:1000$", final, re.MULTILINE)
    assert "HEALTHCHECK" in final
    assert "/healthz" in final
    assert DOCKERFILE.count("\nFROM ") == 2


def test_image_is_built_and_prints_its_version(tmp_path: Path) -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "info"], capture_output=True, check=False).returncode:
        pytest.skip("no container builder runs here")
    subprocess.run([docker, "build", "--tag", "syndicate-test", str(ROOT)], check=True, capture_output=True)
    done = subprocess.run([docker, "run", "--rm", "syndicate-test", "--version"], capture_output=True, check=True)
    assert done.stdout.startswith(b"syndicate ")
