"""Rate limits by token buckets."""

from __future__ import annotations

from support.api_server import Clock

from syndicate.http.rate_limits import RateLimiter


def test_bucket_refills_evenly() -> None:
    clock = Clock()
    limiter = RateLimiter(clock)
    assert [limiter.take("a", 2)[0] for _ in range(3)] == [True, True, False]
    assert limiter.take("b", 2)[0]
    _, bucket = limiter.take("a", 2)
    assert bucket.retry_after_s() == 30
    assert bucket.headers() == {"RateLimit-Policy": '"partner";q=2;w=60', "RateLimit": '"partner";r=0;t=60'}
    clock.now += 30
    assert [limiter.take("a", 2)[0] for _ in range(2)] == [True, False]


def test_number_of_buckets_is_limited() -> None:
    limiter = RateLimiter(Clock())
    for number in range(25_000):
        limiter.take(f"address {number}", 30)
    assert len(limiter) == 10_000
