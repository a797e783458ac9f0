"""config.yaml: one model for each section, read whole, with the line and column of every fault."""

from .load import load, parse
from .models import API_PREFIX, Api, Config, Guard, Hub, Limits, Push, Serve, Source, WorkerOptions

__all__ = [
    "API_PREFIX",
    "Api",
    "Config",
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
