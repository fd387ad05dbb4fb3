"""Render the report's section on the customization method's own measures."""

from collections.abc import Mapping
from html import escape
from typing import Any


def by_method(report: Mapping[str, Any], arms: Mapping[str, str]) -> str:
    found = report["by_method"]
    if not found:
        return ""
    lines = {
        "distillation": _distillation,
        "continued-pre-training": _pretraining,
        "reinforcement": _reinforcement,
        "preference-optimization": _preferences,
    }[report["method"]](found, arms)
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in lines)
    title = report["method"].replace("-", " ").capitalize().replace("pre training", "pre-training")
    return f'<section><h2>{escape(title)}</h2><dl class="facts">{facts}</dl></section>'


_STUDENTS = {"candidate": "student", "base": "base", "teacher": "teacher"}


def _percent(value: float | None) -> str:
    return "unknown" if value is None else f"{100 * value:.1f} %"


def _times(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f} × the teacher's"


def _distillation(found: Mapping[str, Any], arms: Mapping[str, str]) -> list[tuple[str, str]]:
    lines = [("Measured against", found["references"]), ("Agreement with the teacher", _percent(found["agreement"]))]
    right = found["correctness"]
    if right:
        arms_right = ", ".join(f"{name} {_percent(right[arm])}" for arm, name in _STUDENTS.items())
        lines.append((f"Correctness, {right['rows']:,} rows with gold", arms_right))
    if "scores" in found:
        gap = found["gap_closed"]
        closed = "the teacher is no better than the base"
        if gap:
            low, high = gap["interval"]
            closed = f"{_percent(gap['value'])} ({_percent(low)} to {_percent(high)})"
            if gap["value"] > 1:
                closed = f"all of it: the student scores higher than its teacher ({closed} of the gap)"
        lines += [
            (
                "Scores",
                ", ".join(f"{arms.get(arm, arm).lower()} {_percent(score)}" for arm, score in found["scores"].items()),
            ),
            ("Share of the gap closed", closed),
            ("Agreement where the teacher is right", _percent(found["agreement_where_teacher_right"])),
            ("Agreement where the teacher is wrong", _percent(found["agreement_where_teacher_wrong"])),
        ]
    return [*lines, ("Cost", _times(found["cost_ratio"])), ("Time", _times(found["latency_ratio"]))]


def _pretraining(found: Mapping[str, Any], _: Mapping[str, str]) -> list[tuple[str, str]]:
    lines = []
    losses, recited = found["losses"], found["memorisation"]
    if losses:
        first, last = losses["first"], losses["last"]
        lines.append((f"{losses['kind'].capitalize()} loss a token", f"{first['loss']:.3f} → {last['loss']:.3f}"))
        lines.append(("Perplexity a token", f"{first['perplexity']:.2f} → {last['perplexity']:.2f}"))
        if last["perplexity_a_byte"] is not None:
            said = f"{first['perplexity_a_byte']:.3f} → {last['perplexity_a_byte']:.3f} (tokens estimated)"
            lines.append(("Perplexity a byte", said))
    if asked := found["next_word"]:
        low, high = asked["interval"]
        said = f"{_percent(asked['candidate'])}, the base {_percent(asked['base'])}"
        lines.append(
            ("Next words of held-out documents known", f"{said} ({100 * low:+.1f} to {100 * high:+.1f} points)")
        )
    if recited:
        said = f"{recited['candidate']} of {recited['probes']} beginnings, the base {recited['base']}"
        if 2 * recited["candidate"] > recited["probes"]:
            said += ": what is in the documents can be got out of the model, word for word"
        lines.append((f"Continued with {recited['words']} or more words of the original", said))
    return lines or [("Losses", "the job left no file with them")]


def _preferences(found: Mapping[str, Any], arms: Mapping[str, str]) -> list[tuple[str, str]]:
    shares = found["nearer_to_better"].items()
    said = ", ".join(f"{arms.get(arm, arm).lower()} {_percent(share)}" for arm, share in shares)
    return [("Answers nearer to the better than to the worse one", said), ("Pairs", f"{found['pairs']:,}")]


def _reinforcement(found: Mapping[str, Any], arms: Mapping[str, str]) -> list[tuple[str, str]]:
    def pair(values: Mapping[str, float | None]) -> str:
        return ", ".join(f"{arms.get(arm, arm).lower()} {_percent(value)}" for arm, value in values.items())

    def times(value: float | None) -> str:
        return "unknown" if value is None else f"{value:.2f} ×"

    ratios = found["length_ratio"]
    lengths = ", ".join(f"{arms.get(arm, arm).lower()} {times(value)}" for arm, value in ratios.items())
    return [
        ("Reward on held-out prompts", pair(found["reward"])),
        (f"Independent metric ({found['independent_metric']})", pair(found["independent"])),
        ("Length against references", lengths),
    ]
