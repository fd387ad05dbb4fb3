"""The demo of each method: its sample, its introduction, and the method's own measure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tailor.errors import TailorError
from tailor.notices.facts import percent, points
from tailor.recipe import Method
from tailor_local.bedrock.faults import Faults

Report = Mapping[str, Any]
Lines = list[tuple[str, str]]


class DemoError(TailorError):
    """Raised if something that the demo promised did not happen."""


@dataclass(frozen=True, slots=True)
class Demo:
    """``rows``: what the sample holds, of ``samples.generate``. ``measure`` takes the evaluation's report.json and
    raises DemoError where the method's own measure did not improve."""

    project: str
    dataset: str
    rows: int
    what: str
    measure: Callable[[Report], Lines]
    split: str = ""
    notes: tuple[str, ...] = ()
    loss: str = "loss"
    faults: Faults = field(default_factory=Faults)


def fine_tuning(report: Report) -> Lines:
    low, high = report["interval"]
    if low <= 0:
        raise DemoError("the candidate is not better than its base")
    return [("gain", f"{points(low)} to {points(high)} points, surely")]


def distillation(report: Report) -> Lines:
    found = report["by_method"]
    scores, gap = found["scores"], found["gap_closed"]
    if gap is None or gap["interval"][0] <= 0:
        raise DemoError("the student is no nearer to its teacher than the base is")
    low, high = gap["interval"]
    return [
        ("right answers", ", ".join(f"{arm} {percent(scores[arm])}" for arm in ("base", "candidate", "teacher"))),
        (
            "gap closed",
            f"[bold]{percent(gap['value'])}[/] of the way to the teacher ({percent(low)} to {percent(high)})",
        ),
        ("agreement", f"{percent(found['agreement'])} of the answers are the teacher's"),
    ]


def pretraining(report: Report) -> Lines:
    found = report["by_method"]
    recited, (low, high) = found["memorisation"], report["interval"]
    if low <= 0:
        raise DemoError("the model continues held-out documents no better than its base")
    return [
        ("next words", f"{points(low)} to {points(high)} points more of held-out documents, surely"),
        ("recited", f"{recited['candidate']} of {recited['probes']} training documents, word for word"),
    ]


def preferences(report: Report) -> Lines:
    found = report["by_method"]
    share, (low, high) = found["nearer_to_better"], report["interval"]
    if low <= 0 or share["candidate"] <= share["base"]:
        raise DemoError("the candidate's answers are no nearer to the better replies")
    rose = f"[bold]{percent(share['base'])} → {percent(share['candidate'])}[/]"
    return [
        ("gain", f"{points(low)} to {points(high)} points, surely"),
        ("nearer", f"{rose} of the answers are nearer to the better reply than to the worse one"),
    ]


def reinforcement(report: Report) -> Lines:
    found = report["by_method"]
    reward, other = found["reward"], found["independent"]
    if reward["candidate"] <= reward["base"]:
        raise DemoError("the reward on held-out prompts did not rise")
    name = str(found["independent_metric"]).replace("_", " ")
    return [
        ("reward", f"[bold]{reward['base']:.3f} → {reward['candidate']:.3f}[/] on held-out prompts"),
        (name, f"{percent(other['base'])} → {percent(other['candidate'])}: no reward pays for it"),
    ]


DEMOS: Mapping[Method, Demo] = {
    "fine-tuning": Demo(
        "colours", "scenes", 400, "400 drawn scenes with Vietnamese questions", fine_tuning, split=", by image"
    ),
    "distillation": Demo(
        "support", "messages", 400, "400 customers' messages to a shop, in Vietnamese", distillation,
        notes=("Nova Pro, the teacher, answers the messages; Nova Lite, the student, learns to answer like it.",),
    ),
    "continued-pre-training": Demo(
        "manuals", "machines", 300, "300 manuals of invented machines, in Vietnamese", pretraining,
        notes=(
            "SageMaker trains Nova Lite on the documents, in a training job; Bedrock imports and serves the model.",
            "No base model takes Bedrock's own job of this name, and AWS's recipe for it runs on HyperPod alone.",
        ),
    ),
    "preference-optimization": Demo(
        "replies", "customers", 400, "400 customers' messages in Vietnamese, each with a better and a worse reply",
        preferences,
        notes=("SageMaker trains Nova Lite on the pairs, in a training job; Bedrock imports and serves the model.",),
    ),
    "reinforcement": Demo(
        "sums", "problems", 400, "400 word problems, in Vietnamese, each with the right number", reinforcement,
        loss="1 - mean reward",
        notes=("Nova 2 Lite tries several answers to each; the function grade rewards those that are right.",),
    ),
}  # fmt: skip
