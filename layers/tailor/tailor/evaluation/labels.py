"""Add people's labels of a run's answers to the report: how well metric and judge agree with them.

Labels come from labels.html (:mod:`tailor.evaluation.report.label_page`) and belong to the answers that it showed. A
metric calls an answer right from a score of one half on.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tailor.errors import InvalidInputError, NotFoundError
from tailor.evaluation.questions.held_out import read_rows
from tailor.evaluation.report.html import pages
from tailor.evaluation.report.label_page import SCHEMA
from tailor.evaluation.report.thumbnails import thumbnails
from tailor.evaluation.scoring.statistics import RESAMPLES, Clusters, bootstrap, percentile_interval
from tailor.evaluation.sizes import SEED
from tailor.runs import Run
from tailor.storage import Storage

RIGHT = 0.5
_SHOWN = 6
_PREFERRED = {1: "candidate", -1: "baseline", 0: "equal"}
_FIRST = {"candidate": ("candidate", "baseline"), "baseline": ("baseline", "candidate")}
_ARMS = ("candidate", "baseline")


class _Label(BaseModel):
    model_config = ConfigDict(extra="forbid")

    row: str
    first: Literal["right", "wrong", "unsure"] | None = None
    second: Literal["right", "wrong", "unsure"] | None = None
    better: Literal["first", "second", "equal"] | None = None


class _Labels(BaseModel):
    """The file that labels.html exports."""

    model_config = ConfigDict(extra="forbid")

    format: Literal[1] = Field(alias="schema")
    run: str
    answers: str
    by: str = Field(default="", max_length=200)
    labels: list[_Label] = Field(max_length=10_000)


def take_labels(files: Storage, run: Run, data: bytes) -> dict[str, Any]:
    """Store labels with a run's evaluation, write its report again with them, and return the report.

    Raises:
        InvalidInputError: the file is no export of labels.html, or belongs to other answers.
        NotFoundError: there is no finished evaluation.
    """
    try:
        report = orjson.loads(files.read(f"{run.results}report.json"))
        known = orjson.loads(files.read(f"{run.results}labels-key.json"))
    except NotFoundError as error:
        message = f"run {run.id} has no evaluation that people can label"
        raise NotFoundError(message, hint=f"tailor report {run.id} fetches labels.html of a finished one") from error
    report["labels"] = agreement(known, _read(data, known))
    rows = {row.id: row for row in read_rows(files.read(f"{run.files}prepared/test.jsonl"), "test.jsonl")}
    shown = [rows[item["id"]] for item in (*report["wins"], *report["losses"]) if item["id"] in rows]
    files.write(f"{run.results}labels.json", data, "application/json")
    for name, page in pages(report, thumbnails(files, shown), run.recipe.notifications.language).items():
        files.write(f"{run.results}{name}", page.encode(), "text/html; charset=utf-8")
    files.write(f"{run.results}report.json", orjson.dumps(report, option=orjson.OPT_INDENT_2), "application/json")
    found: dict[str, Any] = report
    return found


def _read(data: bytes, known: Mapping[str, Any]) -> _Labels:
    hint = "export it from labels.html, which lies beside the report"
    try:
        labels = _Labels.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise InvalidInputError(f"the labels can't be read: {place}: {first['msg'].lower()}", hint=hint) from error
    if (labels.run, labels.answers) != (known["run"], known["answers"]):
        raise InvalidInputError(f"the labels belong to other answers (run {labels.run[:100]})", hint=hint)
    rows = [label.row for label in labels.labels]
    unknown = set(rows) - {item["row"] for item in known["rows"]}
    if unknown or len(set(rows)) < len(rows):
        wrong = f"the row {min(unknown)[:100]!r} was not to be labelled" if unknown else "a row comes twice"
        raise InvalidInputError(f"the labels can't be used: {wrong}", hint=hint)
    if all((label.first, label.second, label.better) == (None, None, None) for label in labels.labels):
        raise InvalidInputError("the file holds no label yet", hint="label some answers first")
    return labels


def agreement(known: Mapping[str, Any], labels: _Labels) -> dict[str, Any]:
    """Return how well metric and judge agree with people: shares, Cohen's kappa with its interval, disagreements."""
    by_row = {label.row: label for label in labels.labels}
    judged: list[tuple[str, str, str, str]] = []  # group, arm, what people say, what the metric says
    preferred: list[tuple[str, str, str]] = []  # group, what people prefer, what the judge prefers
    wrong: list[dict[str, Any]] = []
    unsure = 0
    for item in known["rows"]:
        label = by_row.get(item["row"])
        if label is None:
            continue
        for said, arm in zip((label.first, label.second), _FIRST[item["first"]], strict=True):
            unsure += said == "unsure"
            if said not in ("right", "wrong"):
                continue
            measured = "right" if item[arm]["score"] >= RIGHT else "wrong"
            judged.append((item["group"], arm, said, measured))
            if said != measured:
                answer = item[arm]["answer"]
                wrong.append({"row": item["row"], "answer": answer, "people": said, "metric": measured})
        if label.better is not None and item["judge"] is not None:
            better = {"equal": "equal", **dict(zip(("first", "second"), _FIRST[item["first"]], strict=True))}
            preferred.append((item["group"], better[label.better], _PREFERRED[item["judge"]]))
    shares = {arm: [said == "right" for _, other, said, _ in judged if other == arm] for arm in _ARMS}
    return {
        "schema": SCHEMA,
        "by": labels.by,
        "answers": len(judged),
        "unsure": unsure,
        "right": {arm: sum(right) / len(right) if right else None for arm, right in shares.items()},
        "metric": _agreed([(group, said, measured) for group, _, said, measured in judged], ("right", "wrong")),
        "judge": _agreed(preferred, (*_ARMS, "equal")),
        "disagreements": wrong[:_SHOWN],
    }


def _agreed(pairs: Sequence[tuple[str, str, str]], kinds: Sequence[str]) -> dict[str, Any] | None:
    """Return accuracy and Cohen's kappa of pairs (group, people, machine), each with its interval; None without any."""
    if not pairs:
        return None
    cells = {(people, machine): place for place, (people, machine) in enumerate((a, b) for a in kinds for b in kinds)}
    columns = np.zeros((len(pairs), len(cells)))
    for row, (_, people, machine) in enumerate(pairs):
        columns[row, cells[people, machine]] = 1
    clusters = Clusters.of([group for group, _, _ in pairs])
    drawn = bootstrap(clusters.sums(columns), RESAMPLES, SEED)
    found: dict[str, Any] = {"labels": len(pairs)}
    for name, value, least in (("accuracy", _accuracy, 0.0), ("kappa", _kappa, -1.0)):
        draws = value(drawn, len(kinds))
        draws, estimate = draws[np.isfinite(draws)], float(value(columns.sum(axis=0), len(kinds)))
        known = np.isfinite(estimate) and len(draws) > 0
        interval = percentile_interval(estimate, draws, clusters.count) if known else None
        found[name] = estimate if known else None
        found[f"{name}_interval"] = [max(least, interval[0]), min(1.0, interval[1])] if interval else None
    return found


def _accuracy(cells: Any, kinds: int) -> Any:
    table = cells.reshape(*cells.shape[:-1], kinds, kinds)
    return np.trace(table, axis1=-2, axis2=-1) / table.sum(axis=(-2, -1))


def _kappa(cells: Any, kinds: int) -> Any:
    """Return agreement beyond chance; NaN if chance alone always agrees."""
    table = cells.reshape(*cells.shape[:-1], kinds, kinds)
    whole = table.sum(axis=(-2, -1))
    chance = (table.sum(axis=-1) * table.sum(axis=-2)).sum(axis=-1) / whole**2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(chance < 1, (_accuracy(cells, kinds) - chance) / (1 - chance), np.nan)
