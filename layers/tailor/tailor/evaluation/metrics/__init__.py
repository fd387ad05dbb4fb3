"""The metrics: one module each, found by :func:`all_metrics`. A new file with a ``METRIC`` is a new metric."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from tailor.errors import InvalidInputError
from tailor.evaluation.metrics.base import Case, Evidence, Metric, Rules

__all__ = ["Case", "Evidence", "Metric", "Rules", "all_metrics", "get"]


@cache
def all_metrics() -> Mapping[str, Metric]:
    """By name. Modules without a ``METRIC`` are helpers."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    metrics = [module.METRIC for module in modules if hasattr(module, "METRIC")]
    return {metric.name: metric for metric in metrics}


def get(name: str) -> Metric:
    """Raises InvalidInputError that lists the known names."""
    metrics = all_metrics()
    if name not in metrics:
        raise InvalidInputError(f"there is no metric {name!r}", hint=f"metrics: {', '.join(metrics)}")
    return metrics[name]
