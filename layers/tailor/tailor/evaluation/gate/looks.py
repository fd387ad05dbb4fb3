"""Record how often a project has evaluated on the same held-out rows, and what that costs in significance.

Many recipes tried on the same rows find one that wins by chance. The k-th look is therefore decided at the level
alpha / k²: what a first look decides stays as it is, and all of them together err little more often than one. Rows are
known by what they ask and expect, so that another recipe on the same data is another look at the same rows. A run that
is measured again, or goes on after a stop, has looked once.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import replace

import orjson

from tailor.errors import NotFoundError
from tailor.evaluation.gate.decision import Policy
from tailor.evaluation.questions.held_out import Row
from tailor.storage import Storage

_LENGTH = 16


def fingerprint(rows: Iterable[Row]) -> str:
    """Return a fingerprint of held-out rows, independent of their order."""
    known = sorted(orjson.dumps([row.question, sorted(row.references)]) for row in rows)
    return hashlib.sha256(b"\n".join(known)).hexdigest()[:_LENGTH]


def look(files: Storage, project: str, run: str, rows: Iterable[Row]) -> int:
    """Return the number of the project's look at these rows, and record it. ``files`` is rooted at the bucket."""
    folder = f"runs/{project}/looks/evaluation/{fingerprint(rows)}/"
    own = f"{folder}{run}.json"
    try:
        return int(orjson.loads(files.read(own))["look"])
    except NotFoundError:
        count = 1 + sum(1 for _ in files.list(folder))
    files.write(own, orjson.dumps({"look": count}), "application/json")
    return count


def tightened(policy: Policy, looks: int) -> Policy:
    """Return the policy for the k-th look at the same rows."""
    return replace(policy, confidence=1 - (1 - policy.confidence) / looks**2)
