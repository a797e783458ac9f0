"""Where a build works: in processes of its machine, or on a Dask cluster."""

import re
from typing import Annotated, NamedTuple

from .options import Option
from .sections import ConfigSection

_ADDRESS = re.compile(r"(?:tcp|tls|ws|wss)://[^\s/@?#]+:\d{1,5}", re.ASCII)


class ExecutorOptions(NamedTuple):
    """Where records are read, and documents made. `executor: inline` is short for `executor: {kind: inline}`."""

    kind: Annotated[
        str,
        Option(
            "`processes` of their own, which a hostile record may end, as many as this machine has processors and"
            " memory for; `inline`, in the process of the build, which such a record may then end; or the workers of"
            " a `dask` cluster.",
            choices=("processes", "inline", "dask"),
        ),
    ] = "processes"
    scheduler: Annotated[str, Option("Address of the Dask scheduler, such as `tcp://127.0.0.1:8786`.")] = ""
    batch: Annotated[
        int,
        Option(
            "Number of records in one task of the cluster. A build with fewer records to read needs no cluster.",
            minimum=1,
        ),
    ] = 256
    timeout_s: Annotated[
        float, Option("Longest time to wait for the scheduler, and for a cluster without workers, in seconds.", above=0)
    ] = 30.0


def check_executor(options: ExecutorOptions, section: ConfigSection) -> None:
    """Reports a scheduler that is missing or has no address."""
    if options.scheduler and not _ADDRESS.fullmatch(options.scheduler):
        # The message does not repeat the value: it may contain credentials.
        section.report("scheduler", "expected an address such as 'tcp://127.0.0.1:8786'")
    if options.kind == "dask" and not options.scheduler:
        section.report_missing("scheduler")
