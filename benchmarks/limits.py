"""What a build costs the machine that coordinates it, and its database, as a corpus grows: for docs/scale.md.

    python benchmarks/limits.py                          # 10,000 and 50,000 records
    python benchmarks/limits.py --records 10000 100000
    python benchmarks/limits.py --records 100000 --topics 100000 --archive none

Each size is built from nothing into a folder, with the state in a PostgreSQL server that is started for it, then once
more after an edit of one record. The processor time of the coordinator is that of the process of the build, without
the processes that read, render and write for it: the workers.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from clusters import build
from corpus import edit_newest, generate
from words import TOPIC_COUNT

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests"))

from support.postgres_server import PostgresServer, programs, running_server  # noqa: E402 - from the tests

CONFIG = """\
site: {{title: Benchmark, url: "https://feeds.example.org/", id: "feeds.example.org,2026"}}
corpus: [{{path: {corpus}}}]
feeds: {{by: [topics], archive: {archive}}}
state: "{state}"
"""
_SIZE = """
SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relkind = 'r'"""
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = %s"


def main() -> None:
    """Measure and print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--records", type=int, nargs="*", default=[10_000, 50_000])
    options.add_argument("--topics", type=int, default=TOPIC_COUNT, help="topics to draw from")
    options.add_argument("--archive", default="auto", choices=["auto", "none"])
    arguments = options.parse_args()
    found = programs()
    if found is None:
        options.error("PostgreSQL is not installed")
    print(
        "| Records, topics | Wall | Coordinator | Workers | Peak | One record changed | Rows | Database | Documents |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    # All is removed at the end: ext4 passes over the inodes of files that were deleted some minutes before, one by one.
    with running_server(found) as server, tempfile.TemporaryDirectory(prefix="syndicate-limits-") as folder:
        for records in arguments.records:
            measure(server, Path(folder, str(records)), records, arguments.topics, arguments.archive)


def measure(server: PostgresServer, folder: Path, records: int, topics: int, archive: str) -> None:
    """Print the row of one size."""
    corpus, site, schema = folder / "corpus", folder / "site", f"limits_{records}"
    generate(corpus, records, topics=topics)
    site.mkdir()
    config = CONFIG.format(corpus=corpus, archive=archive, state=server.url(schema))
    built = build(site, config)
    feeds = server.query("SELECT count(*) FROM feeds", schema=schema)[0][0]
    tables = [row[0] for row in server.query(_TABLES, schema)]
    rows = sum(server.query(f'SELECT count(*) FROM "{table}"', schema=schema)[0][0] for table in tables)
    ((size,),) = server.query(_SIZE, schema)
    documents = [path for path in (site / "feeds").rglob("*") if path.is_file()]
    megabytes = sum(path.stat().st_size for path in documents) / 1e6
    edit_newest(corpus, "edited")
    changed = build(site, config)
    print(
        f"| {records:,}, {feeds - 1:,} | {built.wall_s:.1f} s | {each(built.coordinator_s, records)} |"
        f" {each(built.workers_s, records)} | {built.peak_kib / 1024:.0f} MiB |"
        f" {changed.wall_s:.2f} s, {changed.coordinator_s:.2f} s of CPU | {rows:,}, {rows / records:.1f} each |"
        f" {size / 1e6:.0f} MB, {size / records / 1e3:.1f} kB each | {len(documents):,}, {megabytes:.0f} MB |",
        flush=True,
    )
    server.execute(f'DROP SCHEMA "{schema}" CASCADE')


def each(seconds: float, records: int) -> str:
    """Return a processor time, and what it is for a record."""
    return f"{seconds:.1f} s, {seconds / records * 1e6:.0f} µs each"


if __name__ == "__main__":
    main()
