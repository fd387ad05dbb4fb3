"""Checks on a deployed stack: minutes, and cents."""

from tailor.verify.after import api, converse, health, jobs, runs
from tailor.verify.check import Check

CHECKS: tuple[Check, ...] = (*runs.CHECKS, *jobs.CHECKS, *converse.CHECKS, *api.CHECKS, *health.CHECKS)
