"""The response models of the API, for its OpenAPI document. Responses are not validated at run time."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Deleted(BaseModel):
    """An entry that was deleted, or does not match the query any more."""

    id: str
    date_deleted: Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class FeedExtension(BaseModel):
    """Members that JSON Feed does not define."""

    about: str
    since: str | None = Field(None, description="The cursor for the next request: the changes after this response.")
    deleted: list[Deleted] | None = None


class Author(BaseModel):
    """An author or publisher."""

    name: str | None = None
    url: str | None = None


class Attachment(BaseModel):
    """A file that belongs to an entry."""

    url: str
    mime_type: str
    size_in_bytes: int | None = None


class Item(BaseModel):
    """An entry, or a feed of the catalogue; the same item as in the documents."""

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
    attachments: list[Attachment] | None = None


class JsonFeed(BaseModel):
    """JSON Feed 1.1."""

    model_config = ConfigDict(extra="allow")

    version: Literal["https://jsonfeed.org/version/1.1"]
    title: str
    home_page_url: str
    feed_url: str
    next_url: str | None = Field(None, description="The next page; absent on the last one.")
    description: str | None = None
    language: str | None = None
    items: list[Item]
    extension: FeedExtension = Field(alias="_syndicate")


class InvalidParameter(BaseModel):
    """A parameter that is wrong."""

    parameter: str
    detail: str


class ProblemDetails(BaseModel):
    """Problem details of an error response (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[InvalidParameter] | None = None
