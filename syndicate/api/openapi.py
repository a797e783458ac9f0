"""The OpenAPI 3.1 document of the API, generated from the models that validate requests."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from .. import __version__
from ..config import API_PREFIX, Config
from ..formats import get
from ..http.media_types import PROBLEM_JSON
from .parameters import EntryParameters, FeedParameters
from .schemas import JsonFeed, ProblemDetails

_REF = "#/components/schemas/{model}"
_TEXT = {"schema": {"type": "string"}}
_RATE_HEADERS = {
    "RateLimit-Policy": {"description": "The quota of requests, and its window in seconds.", **_TEXT},
    "RateLimit": {"description": "The remaining requests, and the seconds until the quota is full.", **_TEXT},
}
_RETRY = {
    "Retry-After": {"description": "The seconds after which to repeat the request.", "schema": {"type": "integer"}}
}


def openapi_document(config: Config, *, public: bool) -> dict[str, Any]:
    """Return the OpenAPI document of a site."""
    _, schemas = models_json_schema(
        [(JsonFeed, "serialization"), (ProblemDetails, "serialization")], ref_template=_REF, by_alias=True
    )
    entries = {
        400: "A parameter is invalid; `errors` names it.",
        **_common_errors(public=public),
        410: "The cursor has expired: start again with an empty `since`, or at the first page.",
    }
    feeds = {
        400: "A parameter is invalid; `errors` names it.",
        **_common_errors(public=public, topics=False),
        410: "The cursor has expired: request the first page again.",
    }
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": f"{config.site.title}: partner interface",
            "version": __version__,
            "description": "Entries and feeds as JSON Feed 1.1.",
        },
        "servers": [{"url": config.site.url.rstrip("/") + API_PREFIX}],
        "paths": {
            "/feeds": {"get": _operation("feeds", "The catalogue: every feed.", _parameters(FeedParameters), feeds)},
            "/entries": {
                "get": _operation(
                    "entries",
                    "Entries, newest first; with `since`, the changes since then.",
                    _parameters(EntryParameters),
                    entries,
                )
            },
        },
        "components": {"schemas": schemas["$defs"]},
    }
    if not public:
        document["components"]["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer", "description": "The partner's key."},
            "basic": {"type": "http", "scheme": "basic", "description": "The partner's name and key."},
        }
        document["security"] = [{"bearer": []}, {"basic": []}]
    return document


def _common_errors(*, public: bool, topics: bool = True) -> dict[int, str]:
    errors = {
        429: "Too many requests.",
        503: "Nothing was built yet, the index is being rebuilt, or too many responses are under way.",
    }
    if not public:
        errors |= {401: "A key is required."}
        if topics:
            errors |= {403: "The key has no right to a topic."}
    return errors


def _operation(name: str, summary: str, parameters: list[dict[str, Any]], errors: dict[int, str]) -> dict[str, Any]:
    common = {
        "ETag": {"description": "The entity tag of the document, for If-None-Match.", **_TEXT},
        "Cache-Control": _TEXT,
        **_RATE_HEADERS,
    }
    if_none_match = {
        "name": "If-None-Match",
        "in": "header",
        "required": False,
        "schema": {"type": "string"},
        "description": "The ETag of an earlier response: 304 if the document is unchanged.",
    }
    responses: dict[str, Any] = {
        "200": {
            "description": "A JSON Feed.",
            "headers": common,
            "content": {get("json").media_type: {"schema": {"$ref": _REF.format(model="JsonFeed")}}},
        },
        "304": {"description": "The document is unchanged.", "headers": common},
    }
    for status, description in sorted(errors.items()):
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
            "content": {PROBLEM_JSON.essence: {"schema": {"$ref": _REF.format(model="ProblemDetails")}}},
        }
    return {"operationId": name, "summary": summary, "parameters": [*parameters, if_none_match], "responses": responses}


def _parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    properties: dict[str, dict[str, Any]] = model.model_json_schema()["properties"]
    return [_parameter(name, dict(schema)) for name, schema in properties.items()]


def _parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    description = schema.pop("description", "")
    schema.pop("title", None)
    if schema.get("default", 0) in (None, []):
        del schema["default"]
    choices = [choice for choice in schema.pop("anyOf", []) if choice.get("type") != "null"]
    for choice in choices:  # an optional parameter is nullable in the model, and absent in a URL
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
