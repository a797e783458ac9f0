"""The configuration of a preview. Pure."""

from __future__ import annotations

import os

from ..config import Config, ExecutorOptions


def local_config(config: Config, url: str, folder: str) -> Config:
    """Return a configuration for a preview that is served at a URL, with its output and its state in a folder.

    Ids are those of the site, and `site.home` remains, since entries link to the pages of the site. Browsers ask for
    every document again. A cluster does not see the folder.
    """
    return config._replace(
        site=config.site._replace(url=url, hubs=()),
        output=os.path.join(folder, "output"),
        state=state_folder(folder),
        hubs=(),
        api=None,
        precompress=False,
        executor=ExecutorOptions() if config.executor.kind == "dask" else config.executor,
        serve=config.serve._replace(max_age_s=0, archive_max_age_s=0),
    )


def state_folder(folder: str) -> str:
    """Return the state of the preview in a folder."""
    return os.path.join(folder, "state")
