"""The interface described (OpenAPI 3.1), from the models that validate."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from .. import __version__
from ..config import Config
from ..formats.jsonfeed import FORMAT
from ..http.problems import MEDIA_TYPE as PROBLEM_TYPE
from .answers import PREFIX
from .models import EntriesQuestion, JsonFeed, Problem

_REF = "#/components/schemas/{model}"
_TEXT = {"schema": {"type": "string"}}
_RATE_HEADERS = {
    "RateLimit-Policy": {"description": "How many requests in how many seconds.", **_TEXT},
    "RateLimit": {"description": "How many are left, and in how many seconds all are back.", **_TEXT},
}
_RETRY = {"Retry-After": {"description": "In how many seconds to ask again.", "schema": {"type": "integer"}}}


def describe(config: Config, *, public: bool) -> dict[str, Any]:
    """The OpenAPI document for a site."""
    _, schemas = models_json_schema(
        [(JsonFeed, "serialization"), (Problem, "serialization")], ref_template=_REF, by_alias=True
    )
    entries = {
        400: "A parameter is wrong; `errors` names it.",
        **_refusals(public=public),
        410: "The cursor says nothing any more: start anew, with an empty `since`.",
    }
    feeds = {400: "A parameter was given, and there is none.", **_refusals(public=public, topics=False)}
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": f"{config.site.title}: partner interface",
            "version": __version__,
            "description": "Entries and feeds as JSON Feed 1.1.",
        },
        "servers": [{"url": config.site.url.rstrip("/") + PREFIX}],
        "paths": {
            "/feeds": {"get": _operation("feeds", "The catalogue: every feed.", [], feeds, public=public)},
            "/entries": {
                "get": _operation(
                    "entries",
                    "Entries, newest first; with `since`, what changed since.",
                    _parameters(),
                    entries,
                    public=public,
                )
            },
        },
        "components": {"schemas": schemas["$defs"]},
    }
    if not public:
        document["components"]["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer", "description": "The key."},
            "basic": {"type": "http", "scheme": "basic", "description": "The partner's name, and the key."},
        }
        document["security"] = [{"bearer": []}, {"basic": []}]
    return document


def _refusals(*, public: bool, topics: bool = True) -> dict[int, str]:
    refusals = {503: "Nothing is built yet, or it is being built anew."}
    if not public:
        refusals |= {401: "A key is needed.", 429: "Too many requests."}
        if topics:
            refusals |= {403: "A topic that the key is not good for."}
    return refusals


def _operation(
    name: str, summary: str, parameters: list[dict[str, Any]], problems: dict[int, str], *, public: bool
) -> dict[str, Any]:
    rate = {} if public else _RATE_HEADERS
    common = {"ETag": {"description": "What is shown; for If-None-Match.", **_TEXT}, "Cache-Control": _TEXT, **rate}
    held = {
        "name": "If-None-Match",
        "in": "header",
        "required": False,
        "schema": {"type": "string"},
        "description": "The ETag of the answer that is at hand: 304 when it is still right.",
    }
    responses: dict[str, Any] = {
        "200": {
            "description": "A JSON Feed.",
            "headers": common,
            "content": {FORMAT.media_type: {"schema": {"$ref": _REF.format(model="JsonFeed")}}},
        },
        "304": {"description": "What is at hand is still right.", "headers": common},
    }
    for status, description in sorted(problems.items()):
        headers: dict[str, Any] = {"Cache-Control": _TEXT}
        if status in {429, 503}:
            headers |= _RETRY
        if status == 429:
            headers |= {"RateLimit-Policy": _RATE_HEADERS["RateLimit-Policy"], "RateLimit": _RATE_HEADERS["RateLimit"]}
        if status == 401:
            headers["WWW-Authenticate"] = _TEXT
        responses[str(status)] = {
            "description": description,
            "headers": headers,
            "content": {PROBLEM_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}},
        }
    return {"operationId": name, "summary": summary, "parameters": [*parameters, held], "responses": responses}


def _parameters() -> list[dict[str, Any]]:
    properties: dict[str, dict[str, Any]] = EntriesQuestion.model_json_schema()["properties"]
    return [_parameter(name, dict(schema)) for name, schema in properties.items()]


def _parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    description = schema.pop("description", "")
    schema.pop("title", None)
    if schema.get("default", 0) in (None, []):
        del schema["default"]
    choices = [choice for choice in schema.pop("anyOf", []) if choice.get("type") != "null"]
    for choice in choices:  # an absent parameter is null in the model, and simply absent in an address
        schema |= choice
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
        **({"style": "form", "explode": True} if schema.get("type") == "array" else {}),
        **({"allowEmptyValue": True} if name == "since" else {}),
    }
