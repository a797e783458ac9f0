"""What may be asked, and what is answered: one set of models validates the one, and describes both (OpenAPI)."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

_WHOLE = re.compile(r"-?[0-9]{1,10}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
_TO_INT32 = 2**31 - 1


class InvalidError(Exception):
    """Parameters that are wrong: each by its name, and why."""

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        super().__init__(faults)
        self.faults = faults


def _whole(value: Any) -> Any:
    """Digits alone: `1.0`, `1_000` and ` 1` are whole numbers in Python, and mistakes in an address."""
    if isinstance(value, str) and not _WHOLE.fullmatch(value):
        raise ValueError("expected a whole number")
    return value


def _moment(value: Any) -> Any:
    """RFC 3339 §5.6, with its offset: a time without one means another instant to each reader."""
    if isinstance(value, str):
        if not _MOMENT.fullmatch(value):
            raise ValueError("expected a time such as 2026-01-31T12:00:00Z ('+' is written %2B in an address)")
        return datetime.fromisoformat(value.upper())
    return value


Name = Annotated[str, Field(min_length=1, max_length=200)]
Whole = Annotated[int, Field(ge=-_TO_INT32, le=_TO_INT32), BeforeValidator(_whole)]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]


class NoQuestion(BaseModel):
    """A request without parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EntriesQuestion(NoQuestion):
    """Which entries, and how many at once. Every condition must hold."""

    topic: Annotated[
        list[Name],
        Field(max_length=20, description="Entries of this topic, by name or alias; may be repeated."),
    ] = []
    match: Annotated[
        Literal["any", "all"], Field(description="Whether an entry must have any of the topics, or all of them.")
    ] = "any"
    provider: Annotated[Name | None, Field(description="Entries from this provider.")] = None
    type: Annotated[Name | None, Field(description="Entries of this type.")] = None
    language: Annotated[
        str | None,
        Field(
            max_length=35,
            pattern=r"^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$",
            description="Entries in this language (BCP 47); `en` finds `en-GB`, too.",
        ),
    ] = None
    min_quality: Annotated[Whole | None, Field(description="Entries of at least this quality.")] = None
    min_heat: Annotated[Whole | None, Field(description="Entries of at least this heat.")] = None
    published_after: Annotated[Moment | None, Field(description="Entries published after this time (RFC 3339).")] = None
    published_before: Annotated[Moment | None, Field(description="Entries published before this time (RFC 3339).")] = (
        None
    )
    q: Annotated[
        Name | None, Field(description="Words that all stand in an entry's title or excerpt, whatever their case.")
    ] = None
    limit: Annotated[int, Field(ge=1, le=500, description="So many at once, at most."), BeforeValidator(_whole)] = 50
    cursor: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=4096,
            pattern=r"^[A-Za-z0-9_-]+$",
            description="Where the last page ended: from its `next_url`.",
        ),
    ] = None
    since: Annotated[
        str | None,
        Field(
            max_length=4096,
            pattern=r"^[A-Za-z0-9_-]*$",
            description="What was added, changed or deleted since: `_syndicate.since` of an answer to this question."
            " An empty one begins with everything there is.",
        ),
    ] = None


def entries_question(given: list[tuple[str, str]]) -> EntriesQuestion:
    """The question that the parameters of an address ask. Raises InvalidError, naming each that is wrong."""
    values: dict[str, Any] = {}
    faults: list[tuple[str, str]] = []
    for name, value in given:
        if not _is_text(value) or not _is_text(name):
            faults.append((name.encode("utf-8", "replace").decode(), "is not UTF-8"))
        elif name == "topic":
            values.setdefault(name, []).append(value)
        elif name in values:
            faults.append((name, "stands here twice"))
        else:
            values[name] = value
    if "cursor" in values and "since" in values:
        faults.append(("cursor", "pages and changes are two questions: give cursor or since"))
    try:
        question = EntriesQuestion.model_validate(values)
    except ValidationError as error:
        faults += [(str(fault["loc"][0]), _said(fault["msg"])) for fault in error.errors(include_url=False)]
    if faults:
        raise InvalidError(list(dict.fromkeys(faults)))
    return question


def no_question(given: list[tuple[str, str]]) -> None:
    """Refuse any parameter. Raises InvalidError."""
    if given:
        names = dict.fromkeys(name.encode("utf-8", "replace").decode() for name, _ in given)
        raise InvalidError([(name, "is no parameter of this address") for name in names])


def _said(message: str) -> str:
    return message.removeprefix("Value error, ").replace("Extra inputs are not permitted", "is no parameter")


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


# ------------------------------------------------------------------------------------------------------------- answers


class Deleted(BaseModel):
    """An entry that is gone, or does not fit the question any more."""

    id: str
    date_deleted: Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class FeedExtension(BaseModel):
    """What JSON Feed has no name for."""

    about: str
    since: str | None = Field(None, description="The cursor for the next call: what changed since this answer.")
    deleted: list[Deleted] | None = None


class Author(BaseModel):
    """Who wrote it, or whose it is."""

    name: str | None = None
    url: str | None = None


class Item(BaseModel):
    """An entry, or a feed in the catalogue; the same as in the files."""

    model_config = ConfigDict(extra="allow")

    id: str
    url: str | None = None
    title: str | None = None
    content_html: str | None = None
    content_text: str | None = None
    summary: str | None = None
    image: str | None = None
    date_published: Annotated[str | None, Field(json_schema_extra={"format": "date-time"})] = None
    date_modified: Annotated[str | None, Field(json_schema_extra={"format": "date-time"})] = None
    authors: list[Author] | None = None
    tags: list[str] | None = None
    language: str | None = None


class JsonFeed(BaseModel):
    """JSON Feed 1.1."""

    model_config = ConfigDict(extra="allow")

    version: Literal["https://jsonfeed.org/version/1.1"]
    title: str
    home_page_url: str
    feed_url: str
    next_url: str | None = Field(None, description="The next page; absent on the last.")
    description: str | None = None
    language: str | None = None
    items: list[Item]
    extension: FeedExtension = Field(alias="_syndicate")


class Fault(BaseModel):
    """A parameter that is wrong."""

    parameter: str
    detail: str


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[Fault] | None = None
