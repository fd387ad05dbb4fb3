"""Test the reward function: what its rewards return, before anything is spent.

Without answers, each row is answered by its own reference, by nothing, and by another row's reference: a model can't
learn from a reward that does not distinguish these. With a model's answers, it finds rewards that are nearly all 0 or
nearly all 1.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import orjson

from tailor.costs import Advice
from tailor.rewards import REFERENCE, REWARDS, SLOW, grade

NEARLY_ALL = 0.95
RIGHT = 0.99
EMPTY = 0.01


@dataclass(frozen=True, slots=True)
class Trial:
    """One way of answering all rows. Shares and means are from 0 to 1; ``rewards`` are the means of each reward."""

    name: str
    samples: int
    mean: float
    zeros: float
    ones: float
    ungradable: int
    slow: int
    rewards: Mapping[str, float]
    results: Sequence[Mapping[str, Any]]


def try_probes(rows: Sequence[Mapping[str, Any]]) -> list[Trial]:
    """Grade the reference itself, an empty answer, and the reference of the next row that has a different one."""
    references = [_text(row.get(REFERENCE)) for row in rows]
    return [
        _trial("reference", rows, references),
        _trial("nothing", rows, [""] * len(rows)),
        _trial("another row's reference", rows, _shifted(references)),
    ]


def try_answers(rows: Sequence[Mapping[str, Any]], answers: Sequence[str]) -> Trial:
    """Grade a model's answers, given in the rows' order."""
    return _trial("answers", rows, answers)


def own_answers(rows: Iterable[Mapping[str, Any]]) -> list[str] | None:
    """Return the final answers of the rows' own conversations, or None if a row has none."""
    found = []
    for row in rows:
        last = (row.get("messages") or [{}])[-1]
        if last.get("role") != "assistant":
            return None
        found.append(_text(last.get("content")))
    return found


def with_rewards(rows: Iterable[Mapping[str, Any]], specification: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows with ``specification`` as their rewards."""
    return [{**row, REWARDS: specification} for row in rows]


def about_trials(trials: Iterable[Trial]) -> list[Advice]:
    """Return advice about the rewards, as far as the trials show faults."""
    found = []
    for trial in trials:
        if trial.slow:
            message = f"the pattern takes over a second for {trial.slow} of {trial.samples} answers, which then earn 0"
            found.append(Advice("slow-pattern", message, "avoid repeats within repeats, such as (a+)+"))
        elif trial.ungradable:
            message = f"{trial.ungradable} of {trial.samples} rows can't be graded"
            found.append(Advice("ungradable", message, f"give each row a {REFERENCE} that its rewards can use"))
        elif trial.name == "reference" and trial.mean < RIGHT:
            message = f"the right answer earns {trial.mean:.2f} on average, not 1"
            found.append(Advice("right-is-not-rewarded", message, "choose rewards that fit the references"))
        elif trial.name == "nothing" and trial.mean > EMPTY:
            message = f"an empty answer earns {trial.mean:.2f} on average"
            found.append(Advice("nothing-is-rewarded", message, "drop or narrow the reward that it earns"))
        elif trial.name not in ("reference", "nothing"):
            found += _spread(trial)
    return list(dict.fromkeys(found))  # what is true of every trial is said once


def _spread(trial: Trial) -> list[Advice]:
    if trial.ones >= NEARLY_ALL:
        message = f"{trial.ones:.0%} of the rewards for {trial.name} are 1: there is nothing to learn"
        return [Advice("all-ones", message, "make the rewards stricter or the questions harder")]
    if trial.name == "answers" and trial.zeros >= NEARLY_ALL:
        message = f"{trial.zeros:.0%} of the rewards for {trial.name} are 0: there is nothing to reinforce"
        return [Advice("all-zeros", message, "fine-tune on worked examples first, or reward steps on the way")]
    return []


def _trial(name: str, rows: Sequence[Mapping[str, Any]], answers: Sequence[str]) -> Trial:
    samples = [_sample(row, answer, at) for at, (row, answer) in enumerate(zip(rows, answers, strict=True))]
    results = grade(samples)
    totals = [result["aggregate_reward_score"] for result in results]
    graded = [metric for result in results for metric in result["metrics_list"] if metric["type"] == "Reward"]
    names = list(dict.fromkeys(metric["name"] for metric in graded))
    rewards = {each: fmean(metric["value"] for metric in graded if metric["name"] == each) for each in names}
    return Trial(
        name=name,
        samples=len(samples),
        mean=fmean(totals) if totals else 0.0,
        zeros=_share(total <= EMPTY for total in totals),
        ones=_share(total >= RIGHT for total in totals),
        ungradable=_counted("ungradable", results),
        slow=_counted(SLOW, results),
        rewards=rewards,
        results=results,
    )


def _sample(row: Mapping[str, Any], answer: str, at: int) -> dict[str, Any]:
    """Return a sample in Bedrock's format: the conversation with the answer, other fields as metadata."""
    messages = list(row.get("messages") or [])
    if messages and messages[-1].get("role") == "assistant":
        messages.pop()
    metadata = {key: value for key, value in row.items() if key != "messages"}
    answered = [*messages, {"role": "assistant", "content": answer}]
    return {"id": str(row.get("id", at)), "messages": answered, "metadata": metadata}


def _shifted(references: Sequence[str]) -> list[str]:
    def other(at: int) -> str:
        later = (references[(at + step) % len(references)] for step in range(1, len(references)))
        return next((reference for reference in later if reference != references[at]), "")

    return [other(at) for at in range(len(references))]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and isinstance(value[0], str):
        return str(value[0])
    try:
        return "" if value is None else orjson.dumps(value).decode()
    except TypeError:  # nested too deeply: it is ungradable, and said so
        return ""


def _counted(metric: str, results: Iterable[Mapping[str, Any]]) -> int:
    return sum(any(each["name"] == metric for each in result["metrics_list"]) for result in results)


def _share(found: Iterable[bool]) -> float:
    values = list(found)
    return sum(values) / len(values) if values else 0.0
