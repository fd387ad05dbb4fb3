"""Run checks that cost more than cents or take hours, only on request."""

from tailor.verify.asked import training
from tailor.verify.check import Check

CHECKS: tuple[Check, ...] = (*training.CHECKS,)
