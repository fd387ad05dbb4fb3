"""Every check of an example or of a dataset, as data: what is wrong, how bad it is, how to cure it, where it stands.

The table itself is ``checks.toml``. A check's code is stable: people filter by it and docs/findings.md explains it. An
``error`` makes a row unusable, or the dataset where the finding has no line; a ``warning`` is for people to judge; an
``info`` says what was repaired or left out.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from tailor.findings.model import Finding, Severity
from tailor.recipe import METHODS, Method


@dataclass(frozen=True, slots=True)
class Check:
    """``message`` and ``fix`` are templates; ``limit`` names the field of :class:`tailor.catalog.Limits` (or
    the model's ``reserved_words``) that the check compares with; ``models`` says in words where it holds for some
    models only; ``cause`` and ``source`` are for docs/findings.md."""

    code: str
    severity: Severity
    message: str
    fix: str
    cause: str
    methods: tuple[Method, ...] = METHODS
    models: str = "all"
    limit: str | None = None
    source: str | None = None


def _load(document: dict[str, Any]) -> Mapping[str, Check]:
    sources = document.pop("sources")
    table = {}
    for code, fields in document.items():
        fields["methods"] = tuple(fields.get("methods", METHODS))
        fields["source"] = sources[fields["source"]] if "source" in fields else None
        table[code] = Check(code, **fields)
    return table


CHECKS = _load(tomllib.loads(files("tailor").joinpath("findings/checks.toml").read_text("utf-8")))

_READING = tomllib.loads(files("tailor").joinpath("findings/reading.toml").read_text("utf-8"))
CAUSES: Mapping[str, str] = {
    **{code: fields["cause"] for code, fields in _READING.items()},
    **{code: check.cause for code, check in CHECKS.items()},
}
"""Why there are findings of a code, for people."""


def finding(code: str, file: str, line: int | None = None, path: str | None = None, **values: Any) -> Finding:
    """A finding of the check ``code``; ``values`` fill its templates."""
    check = CHECKS[code]
    return Finding(code, check.severity, file, line, check.message.format(**values), check.fix.format(**values), path)
