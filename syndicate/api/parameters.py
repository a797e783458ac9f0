"""The query parameters of the API: pydantic models that validate requests, and describe them in OpenAPI."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

_INTEGER = re.compile(r"-?[0-9]{1,10}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
_MAX_INT32 = 2**31 - 1
_Model = TypeVar("_Model", bound=BaseModel)


class InvalidParametersError(Exception):
    """Parameters that are wrong. `errors` are (parameter, detail) pairs."""

    def __init__(self, errors: list[tuple[str, str]]) -> None:
        super().__init__(errors)
        self.errors = errors


def _require_digits(value: Any) -> Any:
    """Accept digits only: Python's int() takes `1.0`, `1_000` and ` 1`, too, which are mistakes in a URL."""
    if isinstance(value, str) and not _INTEGER.fullmatch(value):
        raise ValueError("expected a whole number")
    return value


def _parse_time(value: Any) -> Any:
    """Parse a time of RFC 3339 §5.6. The offset is required: without one, each client would mean another instant."""
    if isinstance(value, str):
        if not _TIME.fullmatch(value):
            raise ValueError("expected a time such as 2026-01-31T12:00:00Z ('+' is written %2B in a URL)")
        return datetime.fromisoformat(value.upper())
    return value


Name = Annotated[str, Field(min_length=1, max_length=200)]
Integer = Annotated[int, Field(ge=-_MAX_INT32, le=_MAX_INT32), BeforeValidator(_require_digits)]
Time = Annotated[AwareDatetime, BeforeValidator(_parse_time)]


Cursor = Annotated[
    str | None,
    Field(
        min_length=1,
        max_length=4096,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="The end of the previous page, from its `next_url`.",
    ),
]


class FeedParameters(BaseModel):
    """The parameters of `/feeds`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cursor: Cursor = None


class EntryParameters(BaseModel):
    """The parameters of `/entries`. An entry must meet all conditions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    topic: Annotated[
        list[Name],
        Field(max_length=20, description="Entries of this topic, by its name, an alias or its slug; repeatable."),
    ] = []
    match: Annotated[
        Literal["any", "all"], Field(description="Whether entries must have any of the topics or all of them.")
    ] = "any"
    provider: Annotated[Name | None, Field(description="Entries from this provider.")] = None
    type: Annotated[Name | None, Field(description="Entries of this type.")] = None
    language: Annotated[
        str | None,
        Field(
            max_length=35,
            pattern=r"^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$",
            description="Entries in this language (BCP 47); `en` includes `en-GB`.",
        ),
    ] = None
    min_quality: Annotated[Integer | None, Field(description="Entries of at least this quality.")] = None
    min_heat: Annotated[Integer | None, Field(description="Entries of at least this heat.")] = None
    published_after: Annotated[Time | None, Field(description="Entries published after this time (RFC 3339).")] = None
    published_before: Annotated[Time | None, Field(description="Entries published before this time (RFC 3339).")] = None
    q: Annotated[
        Name | None, Field(description="Entries whose title or excerpt contains all of these words, in any case.")
    ] = None
    limit: Annotated[
        int,
        Field(ge=1, le=500, description="The maximum number of entries in a response."),
        BeforeValidator(_require_digits),
    ] = 50
    cursor: Cursor = None
    since: Annotated[
        str | None,
        Field(
            max_length=4096,
            pattern=r"^[A-Za-z0-9_-]*$",
            description="Entries that were added, changed or deleted since an earlier response to this query:"
            " its `_syndicate.since`. An empty value begins with all entries.",
        ),
    ] = None


def parse_entry_parameters(pairs: list[tuple[str, str]]) -> EntryParameters:
    """Parse the query parameters of `/entries`. Raises InvalidParametersError, which names every wrong one."""
    values: dict[str, Any] = {}
    errors: list[tuple[str, str]] = []
    for name, value in pairs:
        if not _is_text(value) or not _is_text(name):
            errors.append((name.encode("utf-8", "replace").decode(), "is not UTF-8"))
        elif name == "topic":
            values.setdefault(name, []).append(value)
        elif name in values:
            errors.append((name, "is given twice"))
        else:
            values[name] = value
    if "cursor" in values and "since" in values:
        errors.append(("cursor", "cannot be combined with since: a request is for a page or for changes"))
    return _validated(EntryParameters, values, errors)


def parse_feed_parameters(pairs: list[tuple[str, str]]) -> FeedParameters:
    """Parse the query parameters of `/feeds`. Raises InvalidParametersError, which names every wrong one."""
    values: dict[str, Any] = {}
    errors: list[tuple[str, str]] = []
    for name, value in pairs:
        if not _is_text(value) or not _is_text(name):
            errors.append((name.encode("utf-8", "replace").decode(), "is not UTF-8"))
        elif name in values:
            errors.append((name, "is given twice"))
        else:
            values[name] = value
    return _validated(FeedParameters, values, errors)


def _validated(model: type[_Model], values: dict[str, Any], errors: list[tuple[str, str]]) -> _Model:
    """Return validated parameters. Raises InvalidParametersError, with the errors that were found before."""
    try:
        parameters = model.model_validate(values)
    except ValidationError as error:
        errors += [(str(one["loc"][0]), _detail(one["msg"])) for one in error.errors(include_url=False)]
    if errors:
        raise InvalidParametersError(list(dict.fromkeys(errors)))
    return parameters


def _detail(message: str) -> str:
    """Return the message of a pydantic error in the words of this API."""
    return message.removeprefix("Value error, ").replace("Extra inputs are not permitted", "is not a parameter")


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
