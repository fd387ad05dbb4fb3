"""The report in Vietnamese: every text of every kind of report has a translation, and data stay as they are."""

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from string import Formatter
from typing import Any

import orjson
import pytest

from tailor import metrics
from tailor.evaluation.curves import Reading, _diverged, read_curve, read_in_words
from tailor.evaluation.gate.decision import Content, GuardResult, Policy, decide
from tailor.evaluation.labels import take_labels
from tailor.evaluation.questions.arms import spoken
from tailor.evaluation.questions.general import KINDS
from tailor.evaluation.report.html import pages, render
from tailor.evaluation.report.translated import said, translated, untranslated
from tailor.metrics.choose import choose_metric
from tailor.normalisers import for_language
from tests.unit.evaluation.gate.test_verdict import comparison
from tests.unit.evaluation.test_labels import judged, labels
from tests.unit.evaluation.test_run import evaluate, model

TEXTS = tomllib.loads(files("tailor.evaluation.report").joinpath("vietnamese.toml").read_text("utf-8"))["texts"]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A report with all that a fine-tuning can have."""
    run, kept, _ = judged(tmp_path_factory.mktemp("run"))
    found = take_labels(kept, run, orjson.dumps(labels(kept, run, lambda *_: "wrong")))
    guard = {**found["guards"][0], "state": "held"}
    found["guards"] += [guard | {"state": state} for state in ("broken", "unclear")]
    found["guards"].append(guard | {"state": "missing", "comparison": None})
    found["failures"] = [{"arm": "base", "id": "r1", "error": "try-again"}]
    found["corpus"] = {"chrf": {"signature": "s", "corpus": {"base": 0.5}, "mean_of_rows": {"base": 0.4}}}
    return found


def variants(report: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield report
    for verdict in ("failed", "inconclusive"):
        yield report | {"verdict": verdict, "margin": 0.05, "looks": 3, "decisive_rows": 1200, "test": "McNemar, exact"}
    for method, figures in METHODS.items():
        yield from (report | {"method": method, "by_method": one, "judge": None, "labels": None} for one in figures)
    labelled = report["labels"]
    yield report | {"labels": labelled | {"by": "", "unsure": 0}, "judge": report["judge"] | {"failed": 3}}
    yield report | {"labels": labelled | {"unsure": 2}, "judge": report["judge"] | {"agreement_with_metric": None}}
    yield report | {"sealed": {"share": 0.3, "opened_by": "provision"}, "looks": 2}
    yield report | {"regression": {"forgotten": [{"question": "q", "candidate": "c", "base": "b"}]}}


GAP: dict[str, Any] = {"value": 0.8, "interval": [0.5, 1.1]}
DISTILLED: dict[str, Any] = {
    "references": "gold",
    "correctness": {"rows": 40, "candidate": 0.8, "base": 0.5, "teacher": 0.9},
    "cost_ratio": 0.2,
    "latency_ratio": None,
    "agreement": 0.7,
}
SCORED: dict[str, Any] = {
    "scores": {"candidate": 0.8, "base": 0.5, "teacher": 0.9},
    "gap_closed": GAP,
    "agreement_where_teacher_right": 0.9,
    "agreement_where_teacher_wrong": None,
}
LOSS: dict[str, Any] = {"loss": 2.0, "perplexity": 7.4, "loss_a_byte": 0.5, "perplexity_a_byte": 1.6}
LEARNT: dict[str, Any] = {
    "losses": {"kind": "validation", "first": LOSS, "last": LOSS},
    "next_word": {"candidate": 0.5, "base": 0.2, "interval": [0.1, 0.4]},
    "memorisation": {"probes": 20, "words": 10, "candidate": 15, "base": 1},
}
METHODS: dict[str, list[dict[str, Any]]] = {
    "distillation": [
        DISTILLED | SCORED,
        DISTILLED | SCORED | {"gap_closed": None, "correctness": None},
        DISTILLED
        | SCORED
        | {"gap_closed": GAP | {"value": 1.2}, "references": "the teacher's answers; there is no gold"},
        DISTILLED | {"references": "the teacher's answers; 40 rows with gold are told apart"},
    ],
    "continued-pre-training": [
        LEARNT,
        {
            "losses": LEARNT["losses"] | {"kind": "training"},
            "next_word": None,
            "memorisation": LEARNT["memorisation"] | {"candidate": 2},
        },
        {"losses": None, "next_word": None, "memorisation": None},
    ],
    "reinforcement": [
        {
            "reward": {"candidate": 0.8, "base": 0.5},
            "independent": {"candidate": 0.8, "base": 0.5},
            "independent_metric": "containment",
            "length_ratio": {"candidate": 1.1, "base": None},
        }
    ],
    "preference-optimization": [
        {"pairs": 1200, "likeness": "chrf", "nearer_to_better": {"candidate": 0.9, "base": 0.4}},
    ],
}


def test_no_text_of_any_report_stays_english(report: dict[str, Any]) -> None:
    for one in variants(report):
        assert untranslated(render(one, {})) == []


def test_data_stay_as_they_are(report: dict[str, Any]) -> None:
    wins = [
        item | {"question": "Passed", "candidate": "held", "references": ["right 1,000.5"]}
        for item in report["wins"][:1]
    ]
    page = pages(report | {"wins": wins, "remark": "Points"}, {})["report.vi.html"]
    assert '<html lang="vi">' in page
    for kept in (">Passed</p>", ">held</dd>", ">right 1,000.5</dd>", ">Points</p>", report["run"]):
        assert kept in page
    assert "Mô hình tùy chỉnh tốt hơn: khớp chính xác 80,0% so với 50,0%" in page
    assert set(pages(report | {"language": "en"}, {})) == {"report.html"}
    assert (
        translated("<p>a &lt; b &amp; c</p><br><i>10,000 · 1.5</i>") == "<p>a &lt; b &amp; c</p><br><i>10.000 · 1,5</i>"
    )


def sentences() -> Iterator[str]:
    """Everything that a decision, a curve or the choice of a metric can say."""
    lost = comparison(-0.1, -0.15, -0.05, baseline_arm="live", baseline=0.9)
    close = comparison(0.02, -0.02, 0.06, 0.4, baseline_arm="base-few-shot")
    won = comparison(0.2, 0.1, 0.3)
    rare = replace(comparison(0.05, 0.01, 0.09), unseen=0.04)
    guards = [
        GuardResult("g", title, 0.05, found, tested=tested)
        for title in KINDS.values()
        for found, tested in ((lost, False), (comparison(-0.1, -0.2, 0.01, 0.3), False), (close, True), (None, False))
    ]
    for policy in (Policy(), Policy(margin=0.05), Policy(minimum_rows=1000)):
        for found in ([won], [close], [lost], [rare], [won, close, lost]):
            for guarded in ([], guards):
                for content in (None, Content([lost], required=True), Content([close], required=True)):
                    yield from decide(found, policy, guarded, (), content).reasons
    yield from map(spoken, ("base", "base-few-shot", "live", "teacher"))
    for name in metrics.names():
        yield metrics.get(name).title
    for references in ([], ["{}"], ["có"], ["A"], ["2/9/1945"], ["5"], ["đỏ"], ["a b c d e f g"], ["một " * 40]):
        yield choose_metric(references, metrics.Rules(for_language("vi"), "vi"))[1]
    for reading in readings():
        yield reading.sentence
        yield from [reading.advice] * bool(reading.advice)


def readings() -> Iterator[Reading]:
    def curve(kind: str, losses: list[float]) -> Any:
        lines = [f"{step},{step // 5},{loss},1" for step, loss in enumerate(losses)]
        text = "\n".join([f"step_number,epoch_number,{kind}_loss,perplexity", *lines])
        return read_curve(
            text.encode(), f"step_wise_{kind}_metrics.csv" if kind == "training" else "validation_metrics.csv"
        )

    falling = [3 - 0.1 * step for step in range(25)]
    yield read_in_words([curve("training", falling)])
    yield read_in_words([curve("training", [3.0, 2.0] + [1.0] * 23)])
    yield read_in_words([curve("training", [2.0] * 25)])
    yield read_in_words([curve("training", [1.0 + step for step in range(25)])])
    yield read_in_words([curve("training", [1.0])])
    yield read_in_words([curve("training", [1.0, 0.9])])
    yield _diverged("the loss is inf at step 3")
    yield read_in_words([curve("training", falling), curve("validation", [3.0, 2.0, 1.0, 1.5, 2.0, 2.5])])


def test_every_sentence_is_known() -> None:
    assert sorted({text for text in sentences() if said(text) is None}) == []


@pytest.mark.parametrize("custom", [9, 5, 2])
def test_headline_and_notes_are_known(custom: int, tmp_path: Path) -> None:
    found, _ = evaluate(tmp_path, model({"custom": custom, "plain": 5}))
    assert [text for text in (found["headline"], *found["reasons"], *found["notes"]) if said(text) is None] == []


def test_translations_have_the_values_of_their_texts() -> None:
    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    assert [english for english, vietnamese in TEXTS if names(english) != names(vietnamese)] == []
    assert len({english for english, _ in TEXTS}) == len(TEXTS)
