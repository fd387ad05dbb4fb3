"""Checks that cost more than cents or take hours: only when asked."""

from tailor.verify.asked import training
from tailor.verify.check import Check

CHECKS: tuple[Check, ...] = (*training.CHECKS,)
