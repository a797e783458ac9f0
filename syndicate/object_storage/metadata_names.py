"""The names of custom metadata of objects, as each service takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class MetadataNames(NamedTuple):
    """The names of custom metadata at a service: Azure takes those of identifiers only, with `_` for `-`.

    https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata
    """

    separator: str = "-"

    def write(self, attributes: Mapping[str, str]) -> dict[str, str]:
        """Returns attributes as they are sent. Names of metadata are in lower case, those of headers are not."""
        return {
            name.replace("-", self.separator) if name.islower() else name: value for name, value in attributes.items()
        }

    def read(self, attributes: Mapping[str, str]) -> dict[str, str]:
        """Returns the attributes that were sent as these."""
        return {
            name.replace(self.separator, "-") if name.islower() else name: value for name, value in attributes.items()
        }
