"""Load everything that Tailor says about a dataset, as data: what is wrong, how severe it is, how to fix it.

The table itself is ``catalogue.toml``. A code is stable: people filter by it and docs/findings.md explains it. An
``error`` makes a row unusable, or the dataset where the finding has no line; a ``warning`` is for people to judge; an
``info`` says what was noticed, repaired or left out.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any

from tailor.errors import DatasetError
from tailor.findings.model import Finding, Severity
from tailor.recipe import METHODS, Method

_ORDER: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class FindingKind:
    """``message`` and ``fix`` are templates, None if only ``cases`` have them.

    ``cases`` are other texts (and another severity, where they say so) for the same code; ``limit`` names the field of
    :class:`tailor.catalog.Limits` (or the model's ``reserved_words``) that the check compares with; ``models`` says in
    words where it holds for some models only; ``cause``, ``advice`` (what to do in general) and ``source`` are for
    docs/findings.md; ``formerly`` is the code that this one had until the last release."""

    code: str
    severity: Severity
    cause: str
    message: str | None = None
    fix: str | None = None
    advice: str | None = None
    methods: tuple[Method, ...] = METHODS
    models: str = "all"
    limit: str | None = None
    source: str | None = None
    formerly: str | None = None
    cases: Mapping[str, "FindingVariant"] = field(default_factory=dict)

    @property
    def severities(self) -> list[Severity]:
        """Return all severities of its findings, most severe first."""
        cases = {case.severity for case in self.cases.values()}
        return [severity for severity in _ORDER if severity in cases or (self.message and severity == self.severity)]

    @property
    def help(self) -> str:
        """Return what to do, without the values of a single finding."""
        return self.advice or re.sub(r"\{[^}]*\}", "…", self.fix or "")


@dataclass(frozen=True, slots=True)
class FindingVariant:
    """The texts of one finding."""

    code: str
    severity: Severity
    message: str
    fix: str


@cache
def checks() -> Mapping[str, FindingKind]:
    """Return every check by its code."""
    document = tomllib.loads(files("tailor.findings").joinpath("catalogue.toml").read_text("utf-8"))
    sources = document.pop("sources")
    return {code: _check(code, fields, sources) for code, fields in document.items()}


def _check(code: str, fields: dict[str, Any], sources: Mapping[str, str]) -> FindingKind:
    if "methods" in fields:
        fields["methods"] = tuple(fields["methods"])
    if "source" in fields:
        fields["source"] = sources[fields["source"]]
    severity = fields["severity"]
    cases = {
        name: FindingVariant(code, case.pop("severity", severity), **case)
        for name, case in fields.pop("cases", {}).items()
    }
    return FindingKind(code, cases=cases, **fields)


@cache
def variants() -> Mapping[str, FindingVariant]:
    """Return all texts of findings, by the name that :func:`finding` is called with."""
    found = {}
    for code, check in checks().items():
        if check.message is not None and check.fix is not None:
            found[code] = FindingVariant(code, check.severity, check.message, check.fix)
        found |= {f"{code}/{name}": case for name, case in check.cases.items()}
    return found


def finding(
    code: str, file: str = "", line: int | None = None, /, path: str | None = None, **values: object
) -> Finding:
    """Return a finding with the texts of the catalogue.

    Args:
        code: a code of the catalogue, or ``code/case``.
        file: where it was found; :meth:`Finding.at` adds the place where it is known later.
        values: fill the templates; ``path`` does too.

    Raises KeyError for a code, or a value of its templates, that is not there."""
    case = variants()[code]
    message, fix = case.message.format(path=path, **values), case.fix.format(path=path, **values)
    return Finding(case.code, case.severity, file, line, message, fix, path)


def from_error(error: DatasetError) -> Finding:
    """Return the finding for a dataset that can't be read at all."""
    check = checks()[error.code]
    return Finding(error.code, check.severity, "", None, error.message, error.hint)


def reworded(found: Finding, message: str) -> Finding:
    """Return the finding with another message, which says more."""
    return replace(found, message=message)


def check_of(code: str) -> FindingKind | None:
    """Return the check of a code, also by a code that was renamed since the last release."""
    return checks().get(code) or next((check for check in checks().values() if check.formerly == code), None)
