"""config.yaml: one model for each section, read whole, with the line and column of every fault."""

from .bucket import BucketOptions
from .cdn import Cdn
from .executor import ExecutorOptions
from .load import load, parse
from .models import API_PREFIX, Api, Config, Guard, Hub, Limits, Push, Serve, Source, WorkerOptions

__all__ = [
    "API_PREFIX",
    "Api",
    "BucketOptions",
    "Cdn",
    "Config",
    "ExecutorOptions",
    "Guard",
    "Hub",
    "Limits",
    "Push",
    "Serve",
    "Source",
    "WorkerOptions",
    "load",
    "parse",
]
