"""Run checks that need no deployment, take seconds and cost nothing."""

from tailor.verify.before import build, concurrency, machines, models, prices, quotas, rules
from tailor.verify.check import Check

CHECKS: tuple[Check, ...] = (
    *rules.CHECKS,
    *machines.CHECKS,
    *build.CHECKS,
    *concurrency.CHECKS,
    *models.CHECKS,
    *quotas.CHECKS,
    *prices.CHECKS,
)
