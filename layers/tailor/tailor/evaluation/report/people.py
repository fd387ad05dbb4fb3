"""Render the report's section on how well metric and judge agree with people who labelled answers."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any


def people(report: Mapping[str, Any], baseline: str) -> tuple[str, list[list[str]], str]:
    """Return an introduction, the table's rows and the disagreements, as HTML.

    ``report``: has labels; ``baseline``: the name of the baseline's arm.
    """
    found = report["labels"]
    agreed = [
        ("Metric", "answers: right or wrong", found["metric"]),
        ("Judge", "pairs: which is better", found["judge"]),
    ]
    rows = [
        [
            f'{name} <span class="soft small">{what}</span>',
            f"{item['labels']:,}",
            f"{100 * item['accuracy']:.1f} % {_range(item['accuracy_interval'], 100, '.0f')}",
            "–" if item["kappa"] is None else f"{item['kappa']:.2f} {_range(item['kappa_interval'], 1, '.2f')}",
        ]
        for name, what, item in agreed
        if item
    ]
    by = f", by {escape(found['by'])}" if found["by"] else ""
    unsure = f"; {found['unsure']:,} more could not be told" if found["unsure"] else ""
    intro = (
        f"{found['answers']:,} answers were labelled without knowing whose they are{by}{unsure}. By these labels the "
        f"custom model is right in {_share(found['right']['candidate'])} and the {escape(baseline)} in "
        f"{_share(found['right']['baseline'])}. Cohen's kappa is the agreement beyond chance: 1 is full, 0 is chance."
    )
    wrong = "".join(
        f'<tr><td translate="no">{escape(item["answer"][:300]) or "–"}</td>'
        f"<td>{escape(item['people'])}</td>"
        f"<td>{escape(item['metric'])}</td></tr>"
        for item in found["disagreements"]
    )
    listed = (
        "<details><summary>Answers on which the metric and people disagree</summary>"
        '<div class="scroll"><table><thead><tr><th>Answer</th><th>People</th><th>Metric</th></tr></thead>'
        f"<tbody>{wrong}</tbody></table></div></details>"
    )
    return intro, rows, listed if wrong else ""


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _range(interval: Sequence[float] | None, factor: int, form: str) -> str:
    if interval is None:
        return ""
    low, high = (f"{factor * value:{form}}".replace("-", "−") for value in interval)
    return f'<span class="soft">({low} to {high})</span>'
