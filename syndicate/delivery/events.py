"""The log events of deliveries."""

from __future__ import annotations

from typing import Any

import structlog

from .transactions import DeliveryResult

log: structlog.stdlib.BoundLogger = structlog.get_logger("syndicate.push")


def log_result(result: DeliveryResult) -> None:
    """Log the end of an attempt. `error` says why nothing is delivered, `answer` is the text of a hub that accepted."""
    (delivery, outcome, _, _), decision = result
    fields: dict[str, Any] = {
        "hub": delivery.hub_url,
        "topic": delivery.topic_url,
        "generation": delivery.generation,
        "status": outcome.status,
    }
    if text := outcome.stale or outcome.error:
        fields["answer" if decision.state == "delivered" else "error"] = text
    match decision.state:
        case "delivered":
            log.info("delivered", **fields, seconds=round(outcome.duration_s, 3))
        case "failed":
            log.warning("failed", **fields, attempts=delivery.attempts + 1)
        case "unverified":
            log.info("unverified", **fields, checks=delivery.checks + 1, again_in_s=round(decision.delay_s, 1))
        case state:
            log.info(state, **fields, attempts=delivery.attempts + 1, again_in_s=round(decision.delay_s, 1))
