"""The HTTP kit that `serve` and `api` share: conditional requests, negotiation, problem details, rate limits."""
