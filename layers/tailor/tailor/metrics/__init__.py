"""Provide the metrics, one module each, found by :func:`all_metrics`. A new file with a ``METRIC`` is a new metric."""

import difflib
import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from tailor.errors import InvalidInputError
from tailor.metrics.base import Case, Evidence, Metric, Rules

__all__ = ["Case", "Evidence", "Metric", "Rules", "all_metrics", "check_name", "get", "names"]


@cache
def all_metrics() -> Mapping[str, Metric]:
    """Return all metrics by name. Modules without a ``METRIC`` are helpers."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    metrics = [module.METRIC for module in modules if hasattr(module, "METRIC")]
    return {metric.name: metric for metric in metrics}


@cache
def names() -> tuple[str, ...]:
    """Return all metrics' names without importing what computes them: recipes are checked where NumPy is missing."""
    folder = files(__name__)
    modules = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(name for name in modules if "\nMETRIC" in folder.joinpath(f"{name}.py").read_text("utf-8"))


def check_name(name: str) -> str:
    """Return the canonical name of ``exact-match`` or ``exact_match``. Raises InvalidInputError with all names."""
    known = name.replace("-", "_")
    if known not in names():
        near = difflib.get_close_matches(known, names(), n=1)
        hint = (f"did you mean {near[0]!r}? " if near else "") + f"metrics: {', '.join(names())}"
        raise InvalidInputError(f"there is no metric {name!r}", hint=hint)
    return known


def get(name: str) -> Metric:
    """Return a metric. Raises InvalidInputError that lists the names."""
    return all_metrics()[check_name(name)]
