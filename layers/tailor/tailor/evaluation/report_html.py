"""report.html."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any


def render(report: Mapping[str, Any], pictures: Mapping[str, Sequence[str]]) -> str:
    return f"<!doctype html><title>Evaluation</title><h1>{escape(report['headline'])}</h1>"
