"""The report of a dataset in Vietnamese: its findings by the catalogue, everything else by vietnamese.toml."""

import tomllib
from dataclasses import replace
from functools import cache
from importlib.resources import files

from tailor import translated_page, vietnamese
from tailor.datasets.report.document import Report
from tailor.datasets.report.html import render
from tailor.findings import in_document
from tailor.phrasebook import Phrasebook
from tailor.recipe import Recipe


def pages(report: Report, recipe: Recipe | None) -> dict[str, str]:
    """Return the report's pages by file name: in English, and in Vietnamese where its readers are.

    They are where the recipe's notices are Vietnamese, or, without a language for these, most rows. Who reads the
    report of a recipe that can't be read is not known, so it has both.
    """
    english = {"report.html": render(report)}
    language = recipe.notifications.language if recipe else "vi"
    if (language or _language_of(report)) != "vi":
        return english
    return english | {"report.vi.html": translated_page.translated(render(in_vietnamese(report)), said, "vi")}


def in_vietnamese(report: Report) -> Report:
    """Return the report with its findings, and their words in its headline, in Vietnamese."""
    headline, found = report.headline, []
    for row in report.findings:
        found.append(in_document(row, "vi"))
        headline = headline.replace(row["message"], found[-1]["message"])
    by_code = [row | {"cause": ""} for row in report.by_code]  # causes are English: the first message stands for them
    return replace(report, headline=said(headline) or headline, findings=found, by_code=by_code)


def said(text: str) -> str | None:
    """Return a text in Vietnamese, None where it is not known. Blanks around it stay."""
    return _phrases().said(text)


def _language_of(report: Report) -> str:
    rows = report.statistics.get("languages") or {}
    return "vi" if rows and max(rows, key=rows.__getitem__) == "vi" else "en"


@cache
def _phrases() -> Phrasebook:
    own = tomllib.loads(files(__package__).joinpath("vietnamese.toml").read_text("utf-8"))["texts"]
    shared = vietnamese.section("datasets") | vietnamese.section("metrics")
    return Phrasebook([*own.items(), *shared.items()], translated_page.numbers)
