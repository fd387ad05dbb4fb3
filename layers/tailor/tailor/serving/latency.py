"""Latencies as counts in 64 buckets of equal ratio, from 8 ms to seven minutes: adding counts adds latencies."""

import math
from collections.abc import Mapping

BUCKETS = 64
_SHORTEST = 8.0  # milliseconds
_STEPS = 4  # buckets for each doubling: a percentile is off by at most a tenth


def bucket_of(milliseconds: float) -> int:
    """Return the bucket of a latency."""
    steps = math.ceil(_STEPS * math.log2(max(milliseconds, _SHORTEST) / _SHORTEST))
    return min(steps, BUCKETS - 1)


def percentile(counts: Mapping[int, int], share: float) -> int | None:
    """Return the latency in milliseconds that ``share`` of the counted ones do not exceed; None without any."""
    wanted, seen = share * sum(counts.values()), 0
    for bucket in sorted(counts):
        seen += counts[bucket]
        if counts[bucket] and seen >= wanted:
            return round(_SHORTEST * 2 ** ((bucket - 0.5) / _STEPS))
    return None
