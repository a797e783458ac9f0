"""Compare `syndicate serve` with aiohttp's static route and nginx: requests a second for one tree, in one run.

    python benchmarks/serving.py             # requires wrk; nginx is measured if installed
    python benchmarks/serving.py --rounds 5 --seconds 5

The servers take turns: in each round, wrk requests the same document from each server over 50 connections, first
without and then with its ETag. The ratio is the median of the rounds' ratios. Each server is one process (nginx: one
worker).
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

GOAL_STATIC, GOAL_NGINX = 3.0, 1 / 7
DOCUMENT = "topics/c/feed.rss"
STATIC = """
import sys
from aiohttp import web
app = web.Application()
app.router.add_static("/", sys.argv[1])
web.run_app(app, host="127.0.0.1", port=int(sys.argv[2]), print=None, access_log=None)
"""
NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; open_file_cache max=1000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; root {tree}; }}
}}
"""


def main() -> None:
    """Measure and print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=int, default=3)
    arguments = options.parse_args()
    if shutil.which("wrk") is None:
        print("serving: wrk is not installed: nothing measured")
        return
    with tempfile.TemporaryDirectory(prefix="syndicate-serving-") as folder:
        measure(Path(folder), arguments.rounds, arguments.seconds)


def measure(folder: Path, rounds: int, seconds: int) -> None:
    """Measure all rounds with the tree of the sample."""
    syndicate = (sys.executable, "-m", "syndicate")
    subprocess.run([*syndicate, "init", str(folder / "site")], check=True, capture_output=True)
    subprocess.run([*syndicate, "build"], cwd=folder / "site", check=True)
    tree = folder / "site" / "feeds"
    time.sleep(1.1)  # a document has no Last-Modified within the second of its change
    servers = start_servers(folder, tree)
    rates: dict[str, list[float]] = {}
    latencies: dict[str, list[float]] = {}
    try:
        for _ in range(rounds):
            for name, (_, url) in servers.items():
                for kind, fields in (("200", []), ("304", ["-H", f"If-None-Match: {fetch_etag(url)}"])):
                    per_second, p99_ms = measure_rate(url, seconds, fields)
                    rates.setdefault(f"{name} {kind}", []).append(per_second)
                    latencies.setdefault(f"{name} {kind}", []).append(p99_ms)
    finally:
        for process, _ in servers.values():
            process.send_signal(signal.SIGTERM)
            process.wait()
    size = (tree / DOCUMENT).stat().st_size
    print(
        f"| a document of {size / 1000:.1f} kB | 200: requests a second (p99) | 304: requests a second (p99) |\n"
        "| --- | --- | --- |"
    )
    for name in servers:
        print(
            f"| {name} | "
            + " | ".join(
                f"{statistics.median(rates[f'{name} {kind}']):,.0f}"
                f" ({statistics.median(latencies[f'{name} {kind}']):.1f} ms)"
                for kind in ("200", "304")
            )
            + " |"
        )
    for name, goal in (("aiohttp add_static", GOAL_STATIC), ("nginx", GOAL_NGINX)):
        if name in servers:
            for kind in ("200", "304"):
                pairs = zip(rates[f"syndicate serve {kind}"], rates[f"{name} {kind}"], strict=True)
                ratio = statistics.median(own / other for own, other in pairs)
                verdict = "met" if ratio >= goal else "missed"
                print(f"\n{kind}: {ratio:.2f} times {name} (goal: at least {goal:.2f}): {verdict}.")


def start_servers(folder: Path, tree: Path) -> dict[str, tuple[subprocess.Popen[bytes], str]]:
    """Start the servers, and return them with their URLs once they listen."""
    commands: dict[str, list[str]] = {}
    ports = {name: free_port() for name in ("syndicate serve", "aiohttp add_static", "nginx")}
    commands["syndicate serve"] = [
        sys.executable, "-m", "syndicate", "serve", "-c", str(folder / "site/config.yaml"),
        "--port", str(ports["syndicate serve"]),
    ]  # fmt: skip
    commands["aiohttp add_static"] = [sys.executable, "-c", STATIC, str(tree), str(ports["aiohttp add_static"])]
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if nginx:
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=ports["nginx"], tree=tree))
        folder.chmod(0o755)
        commands["nginx"] = [nginx, "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    servers: dict[str, tuple[subprocess.Popen[bytes], str]] = {}
    for name, command in commands.items():
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        servers[name] = process, f"http://127.0.0.1:{ports[name]}/{DOCUMENT}"
        wait_for(ports[name])
    return servers


def fetch_etag(url: str) -> str:
    """Return the ETag that a server gives the document."""
    with urllib.request.urlopen(url) as response:
        return str(response.headers["ETag"])


def measure_rate(url: str, seconds: int, fields: list[str]) -> tuple[float, float]:
    """Return requests a second, and the 99th percentile of latency in ms. Exit if a status is neither 2xx nor 304."""
    command = ["wrk", "-t1", "-c50", f"-d{seconds}s", "--latency", *fields, url]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rate = re.search(r"Requests/sec: *([\d.]+)", output)
    p99 = re.search(r"99% *([\d.]+)(us|ms|s)\b", output)
    if rate is None or p99 is None or "Non-2xx" in output:
        raise SystemExit(f"serving: {url}: {output}")
    return float(rate[1]), float(p99[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[p99[2]]


def free_port() -> int:
    """Return a port on which no process listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def wait_for(port: int) -> None:
    """Wait until a server listens on a port. Exit after 10 seconds."""
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"serving: no server listens on port {port}")


if __name__ == "__main__":
    main()
