"""Problem details (RFC 9457)."""

from __future__ import annotations

import json

from syndicate.http.problem_details import ProblemDetails


def test_json_has_the_members_of_rfc_9457() -> None:
    assert json.loads(ProblemDetails(404, "not here").json_body()) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "not here",
    }


def test_json_names_invalid_parameters() -> None:
    problem = ProblemDetails(400, "limit: too high", errors=(("limit", "too high"),))
    assert json.loads(problem.json_body())["errors"] == [{"parameter": "limit", "detail": "too high"}]


def test_html_is_escaped() -> None:
    page = ProblemDetails(404, "<script>").html_body()
    assert b"<h1>Not Found</h1><p>&lt;script&gt;</p>" in page
