"""Decide: passed, failed or inconclusive.

- ``verdict``: rows and answers in, an outcome out
- ``decision``: the rule itself and what it says
- ``looks``: how often the same rows were looked at, and the level that follows
- ``regression``: guards on general questions; ``judge``: a model's opinion, which never decides
"""

from tailor.evaluation.gate.decision import Decision, GuardResult, Policy, decide
from tailor.evaluation.gate.looks import tightened
from tailor.evaluation.gate.verdict import Outcome, Plan

__all__ = ["Decision", "GuardResult", "Outcome", "Plan", "Policy", "decide", "tightened"]
