"""Train by each customization type, one module each."""

from collections.abc import Callable

from tailor_local.bedrock.methods.distillation import Distillation
from tailor_local.bedrock.methods.fine_tuning import FineTuning
from tailor_local.bedrock.methods.preference_optimization import PreferenceOptimization
from tailor_local.bedrock.methods.pretraining import Pretraining
from tailor_local.bedrock.methods.reinforcement import Reinforcement
from tailor_local.bedrock.methods.work import Curve, Method, Work

__all__ = ["Curve", "FineTuning", "Method", "PreferenceOptimization", "Work", "method"]

METHODS: dict[str, Callable[[Work], Method]] = {
    "FINE_TUNING": FineTuning,
    "DISTILLATION": Distillation,
    "CONTINUED_PRE_TRAINING": Pretraining,
    "REINFORCEMENT_FINE_TUNING": Reinforcement,
}


def method(work: Work) -> Method:
    return METHODS[work.job.method](work)
