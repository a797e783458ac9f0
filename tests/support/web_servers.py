"""Real web servers: nginx, Caddy and Apache, started with a configuration, and stopped."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"
_APACHE_MODULES = "mpm_event authz_core authz_host dir mime headers setenvif alias rewrite proxy proxy_http ssl".split()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def program(*names: str) -> str:
    """Returns the path of the first of these programs that is installed. Skips without one."""
    for name in names:
        if path := shutil.which(name, path=_PATH):
            return path
    pytest.skip(f"{names[0]} is not installed")


@contextmanager
def running_nginx(folder: Path, http: str, port: int) -> Iterator[None]:
    """Run nginx with the contents of its `http` block, in which a server listens on a port. Skips without nginx."""
    places = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ access_log off; {places}\n{http}\n}}\n"
    )
    command = [program("nginx"), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    with _listening(command, port, folder):
        # An unusable or a duplicate directive is a warning: the configuration must have none.
        assert (folder / "error.log").read_text() == ""
        yield


@contextmanager
def running_caddy(folder: Path, caddyfile: str, port: int) -> Iterator[None]:
    """Run Caddy with a Caddyfile, in which a server listens on a port. Skips without Caddy."""
    (folder / "Caddyfile").write_text(f"{{\n\tadmin off\n\tauto_https disable_redirects\n}}\n{caddyfile}")
    command = [program("caddy"), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    homes = {name: str(folder) for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}
    with _listening(command, port, folder, homes):
        yield


@contextmanager
def running_apache(folder: Path, virtual_host: str, port: int) -> Iterator[None]:
    """Run Apache with a virtual host that listens on a port. Skips without Apache."""
    command = [program("apache2", "httpd")]
    places = [Path("/usr/lib/apache2/modules"), Path("/usr/lib64/httpd/modules")]
    modules = next((place for place in places if place.is_dir()), places[0])
    loaded = "".join(f"LoadModule {name}_module {modules}/mod_{name}.so\n" for name in _APACHE_MODULES)
    (folder / "mime.types").touch()
    user = "User www-data\nGroup www-data\n" if os.geteuid() == 0 else ""
    (folder / "httpd.conf").write_text(
        f"{loaded}{user}ServerRoot {folder}\nPidFile {folder}/pid\nErrorLog {folder}/error.log\n"
        f"Listen 127.0.0.1:{port}\nServerName localhost\nTypesConfig {folder}/mime.types\n"
        f"<Directory />\nRequire all denied\nAllowOverride None\n</Directory>\n{virtual_host}"
    )
    with _listening([*command, "-D", "FOREGROUND", "-f", str(folder / "httpd.conf")], port, folder):
        yield


RunServer = Callable[[Path, str, int], AbstractContextManager[None]]
SERVERS: Mapping[str, RunServer] = {"nginx": running_nginx, "caddy": running_caddy, "apache": running_apache}
"""How to run each kind of server with the output of `syndicate headers`."""


@contextmanager
def _listening(
    command: Sequence[str], port: int, folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Run a server until the end of the block, which begins when it listens."""
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **(environment or {})}
        )
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                reasons = "".join(
                    path.read_text() for name in ("output", "error.log") if (path := folder / name).exists()
                )
                assert process.poll() is None, reasons
                assert time.monotonic() < deadline, reasons
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()
