"""Render labels.html, on which people label answers without seeing which model gave them, and its key.

One file that works offline and with the keyboard alone. It exports JSON, which ``tailor labels`` reads: how far metric
and judge agree with people is then in the report.
"""

from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from tailor.evaluation.gate.verdict import Outcome
from tailor.evaluation.questions.arms import CANDIDATE, rank
from tailor.evaluation.questions.held_out import Row
from tailor.evaluation.report.texts import texts_of
from tailor.evaluation.sizes import SEED
from tailor.html import page

MOST = 50
SCHEMA = 1


def rows_to_label(rows: Sequence[Row]) -> list[Row]:
    """Return a random sample; the judge draws its pairs in the same order, so that both judge the same rows."""
    picked = {row.id for row in sorted(rows, key=lambda row: rank(SEED, row.id))[:MOST]}
    return [row for row in rows if row.id in picked]


def key(outcome: Outcome, run: str, answers: str, judged: Mapping[str, int]) -> dict[str, Any]:
    """Return what the page hides: the model of each answer, and the results of metric and judge.

    Args:
        answers: digest of all answers, by which labels of other ones are known.
        judged: what a judge preferred by row: 1 for the candidate, -1 for the baseline, 0 for a tie.
    """
    sheet, baseline = outcome.sheet, outcome.decision.primary.baseline_arm
    scores = {arm: sheet.evidence[outcome.metric][arm].scores for arm in (CANDIDATE, baseline)}
    places = {row.id: place for place, row in enumerate(sheet.rows)}
    rows = [
        {
            "row": row.id,
            "group": row.group,
            "first": "candidate" if rank(SEED, f"first:{row.id}")[0] % 2 else "baseline",
            "candidate": {"answer": sheet.answer(CANDIDATE, row).answer, "score": scores[CANDIDATE][places[row.id]]},
            "baseline": {"answer": sheet.answer(baseline, row).answer, "score": scores[baseline][places[row.id]]},
            "judge": judged.get(row.id),
        }
        for row in rows_to_label(sheet.rows)
    ]
    return {"schema": SCHEMA, "run": run, "answers": answers, "metric": outcome.metric, "rows": rows}


def render(
    known: Mapping[str, Any], rows: Sequence[Row], pictures: Mapping[str, Sequence[str]], *, language: str
) -> str:
    """Return the page. ``known``: the key; ``pictures``: data: URLs by row id."""
    texts = texts_of("labels", language)
    by_id = {row.id: row for row in rows}
    sections = [
        _section(place, len(known["rows"]), item, by_id[item["row"]], pictures.get(item["row"], ()), texts)
        for place, item in enumerate(known["rows"])
    ]
    total = sum(3 if _differ(item) else 1 for item in known["rows"])
    body = (
        f'<h1>{escape(texts["title"])}</h1><p class="soft">{escape(texts["intro"].format(run=known["run"]))}</p>'
        f'<p class="keys small">{escape(texts["keys"])}</p>'
        f'<form data-run="{escape(known["run"])}" data-answers="{escape(known["answers"])}">'
        f'<div class="bar-top"><label>{escape(texts["by"])} <input id="by" autocomplete="name"></label>'
        f'<span class="small"><span id="done">0</span> {escape(texts["done"])} {total}</span>'
        f'<progress max="{total}" value="0" aria-label="{escape(texts["done"])} {total}"></progress>'
        f'<button type="button" id="export">{escape(texts["export"])}</button></div>'
        f'<p id="finished" role="status" hidden>{escape(texts["finished"])}</p>{"".join(sections)}'
        f'<div class="steps"><button type="button" id="back">{escape(texts["back"])}</button>'
        f'<button type="button" id="next">{escape(texts["next"])}</button></div></form>'
    )
    style = "".join(_resource(name) for name in ("report.css", "labels.css"))
    return page(f"{texts['title']}: {known['run']}", style, body, script=_resource("labels.js"), language=language)


def _resource(name: str) -> str:
    return files("tailor.evaluation.report").joinpath(name).read_text("utf-8")


def _differ(item: Mapping[str, Any]) -> bool:
    return bool(item["candidate"]["answer"].strip() != item["baseline"]["answer"].strip())


def _section(
    place: int, count: int, item: Mapping[str, Any], row: Row, pictures: Sequence[str], texts: Mapping[str, str]
) -> str:
    said = [item["candidate"]["answer"], item["baseline"]["answer"]]
    first, second = said if item["first"] == "candidate" else said[::-1]
    expected = " · ".join(map(escape, row.references)) or "–"
    shown = "".join(f'<img src="{escape(url)}" alt="{escape(texts["image"])}">' for url in pictures)
    marks = [(mark, texts[mark]) for mark in ("right", "wrong", "unsure")]
    if _differ(item):
        better = [(mark, texts[mark]) for mark in ("first", "second", "equal")]
        asked = (
            _choice(place, "first", texts["answer"].format(number=1), marks, first, texts)
            + _choice(place, "second", texts["answer"].format(number=2), marks, second, texts)
            + _choice(place, "better", texts["better"], better, None, texts)
        )
    else:
        asked = _choice(place, "first", texts["same"], marks, first, texts)
    return (
        f'<section class="row" data-row="{escape(row.id)}" data-same="{"no" if _differ(item) else "yes"}">'
        f'<p class="soft small">{escape(texts["question"].format(place=place + 1, count=count))}</p>'
        f'<div class="pictures">{shown}</div><h2>{escape(row.question)}</h2>'
        f'<p><span class="soft">{escape(texts["expected"])}:</span> {expected}</p>'
        f'<div class="pair">{asked}</div></section>'
    )


def _choice(
    place: int,
    part: str,
    legend: str,
    options: Sequence[tuple[str, str]],
    answer: str | None,
    texts: Mapping[str, str],
) -> str:
    name = f"{place}-{part}"
    boxes = "".join(
        f'<label><input type="radio" name="{name}-value" value="{value}"> <kbd>{number}</kbd> {escape(text)}</label>'
        for number, (value, text) in enumerate(options, start=1)
    )
    said = (
        "" if answer is None else f"<blockquote>{escape(answer) or f'<i>{escape(texts["nothing"])}</i>'}</blockquote>"
    )
    return (
        f'<fieldset name="{name}" data-part="{part}"><legend>{escape(legend)}</legend>{said}'
        f'<div class="options">{boxes}</div></fieldset>'
    )
