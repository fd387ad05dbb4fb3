"""Check a deployed stack: takes minutes, and costs cents."""

from tailor.verify.after import api, converse, events, health, jobs, roles, runs
from tailor.verify.check import Check

CHECKS: tuple[Check, ...] = (
    *roles.CHECKS,
    *runs.CHECKS,
    *jobs.CHECKS,
    *events.CHECKS,
    *converse.CHECKS,
    *api.CHECKS,
    *health.CHECKS,
)
