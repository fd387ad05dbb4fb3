import random
import unicodedata
from typing import Any

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from tailor import metrics
from tailor.errors import InvalidInputError
from tailor.evaluation.questions import Answer, Row
from tailor.evaluation.scoring import ScoreTable, corpus_scores
from tailor.evaluation.scoring import score as score_table
from tailor.metrics import Case, Metric, Rules
from tailor.normalisers import for_language

RULES = Rules(for_language("vi"), "vi")
COLOURS = ["màu đỏ", "màu đen", "màu xanh", "màu trắng", "màu vàng", "màu nâu", "màu tím", "màu hồng", "màu cam"]


def score(metric: str, answer: str, *references: str, stop_reason: str | None = None) -> float:
    return metrics.get(metric).score(Case(answer, references, stop_reason), RULES)


@pytest.mark.parametrize(
    ("metric", "answer", "references", "expected"),
    [
        ("exact_match", "Màu Đỏ.", ["màu đỏ"], 1),
        ("exact_match", "đỏ", ["màu đỏ", "Đỏ"], 1),
        ("exact_match", "", [""], 0),
        ("containment", "Đó là màu đỏ.", ["đỏ"], 1),
        ("containment", "đỏm dáng", ["đỏ"], 0),
        ("token_f1", "con mèo con mèo", ["con mèo con mèo"], 1),
        ("token_f1", "con mèo đen", ["con mèo"], 0.8),
        ("token_f1", "xe", ["mèo", "xe đạp"], 2 / 3),
        ("anls", "pho bo", ["phở bò"], 2 / 3),
        ("anls", "abc", ["xyz"], 0),
        ("numeric", "Có ba con mèo", ["3"], 1),
        ("numeric", "khoảng 7,5 m", ["7.5"], 1),
        ("numeric", "1/2", ["0,5"], 1),
        ("numeric", "1/0", ["0"], 0),
        ("numeric", "không biết", ["3"], 0),
        ("yes_no", "Dạ không ạ.", ["không"], 1),
        ("yes_no", "Vâng, có.", ["có"], 1),
        ("yes_no", "Vâng, không có", ["không"], 1),
        ("yes_no", "Có lẽ", ["không"], 0),
        ("rouge_l", "con mèo đen nhỏ", ["con mèo nhỏ"], 6 / 7),
        ("json_valid", '```json\n{"a": 1}\n```', [""], 1),
        ("json_valid", "a: 1", [""], 0),
        ("json_fields", '{"a": 1.0, "b": "Đỏ"}', ['{"a": 1, "b": "đỏ", "c": 2}'], 0.8),
        ("json_fields", "[1, 2]", ["[1, 2]"], 1),
        ("json_fields", '{"a": true}', ['{"a": 1}'], 0),
        ("next_word", "khám rồi nghỉ", ["Khám"], 1),
        ("answer_language", "the red car", ["xe đỏ"], 0),
        ("no_refusal", "Xin lỗi, tôi không thể giúp.", ["đỏ"], 0),
        ("no_refusal", "Xin lỗi, tôi không thể giúp.", ["Tôi không thể trả lời."], 1),
        ("not_empty", "  ", ["đỏ"], 0),
    ],
)
def test_scores(metric: str, answer: str, references: list[str], expected: float) -> None:
    assert score(metric, answer, *references) == pytest.approx(expected)


def test_a_wrong_colour_earns_nothing_where_answers_are_closed() -> None:
    wrong = [(a, b) for a in COLOURS for b in COLOURS if a != b]
    assert all(score("exact_match", a, b) == 0 for a, b in wrong)
    assert any(score("anls", a, b) > 0.5 for a, b in wrong)  # why ANLS is not for closed answers


def test_a_failed_call_is_wrong_by_every_metric() -> None:
    cases = [Case("", ("",), failed=True), Case("có", ("có",))]
    for metric in metrics.all_metrics().values():
        assert metric.evidence(cases, RULES).scores[0] == 0, metric.name


def test_cut_off_answers_are_seen_by_their_stop_reason() -> None:
    assert score("not_truncated", "đỏ", "đỏ", stop_reason="max_tokens") == 0
    assert score("not_truncated", "đỏ", "đỏ", stop_reason="end_turn") == 1


def test_anls_is_rapidfuzz_levenshtein() -> None:
    for a, b in [("phở bò tái", "phở bò"), ("hà nội", "hà nam"), ("xyz", "abc")]:
        similarity = Levenshtein.normalized_similarity(a, b)
        assert score("anls", a, b) == pytest.approx(similarity if similarity > 0.5 else 0)


def corpus() -> tuple[list[str], list[str]]:
    dice = random.Random(5)
    words = ["con", "mèo", "đen", "nhỏ", "chạy", "rất", "nhanh", "trên", "bãi", "cỏ", "xanh"]
    references = [" ".join(dice.choices(words, k=dice.randint(4, 14))) for _ in range(150)]
    answers = [" ".join(w if dice.random() < 0.75 else dice.choice(words) for w in r.split()) for r in references]
    return answers, references


def test_bleu_is_sacrebleu_corpus_bleu() -> None:
    answers, references = corpus()
    evidence = metrics.get("bleu").evidence([Case(a, (r,)) for a, r in zip(answers, references, strict=True)], RULES)
    ours = evidence.combine(np.asarray(evidence.columns).sum(axis=0))
    assert ours * 100 == pytest.approx(sacrebleu.corpus_bleu(answers, [references]).score)


def test_bleu_smooths_as_sacrebleu_does() -> None:
    answers, references = ["a b c d e"], ["a b x d y"]
    evidence = metrics.get("bleu").evidence([Case(answers[0], (references[0],))], RULES)
    ours = evidence.combine(np.asarray(evidence.columns).sum(axis=0))
    assert ours * 100 == pytest.approx(sacrebleu.corpus_bleu(answers, [references]).score)


def test_chrf_is_sacrebleu_sentence_chrf() -> None:
    for answer, reference in zip(*corpus(), strict=True):
        assert score("chrf", answer, reference) == pytest.approx(
            sacrebleu.sentence_chrf(answer, [reference]).score / 100
        )


@pytest.mark.parametrize("name", ["bleu", "chrf"])
def test_the_corpus_score_and_its_signature_are_sacrebleus_own(name: str) -> None:
    answers, references = corpus()
    second: list[Any] = [reference if place % 2 else None for place, reference in enumerate(reversed(references))]
    cases = [
        Case(answer, tuple(text for text in texts if text))
        for answer, *texts in zip(answers, references, second, strict=True)
    ]
    theirs = {"bleu": sacrebleu.BLEU(), "chrf": sacrebleu.CHRF()}[name]
    score = theirs.corpus_score(answers, [references, second]).score
    found = metrics.get(name).corpus
    assert found is not None
    assert found(cases, RULES).score * 100 == pytest.approx(score)
    assert found(cases, RULES).signature == str(theirs.get_signature())
    assert "version:" in found(cases, RULES).signature
    told = corpus_scores(evidence_of(cases, metrics.get(name)))[name]
    assert told["corpus"]["candidate"] * 100 == pytest.approx(score)
    assert told["mean_of_rows"]["candidate"] != pytest.approx(told["corpus"]["candidate"])


def evidence_of(cases: list[Case], metric: Metric) -> ScoreTable:
    rows = [Row(str(place), case.references, str(place)) for place, case in enumerate(cases)]
    answers = {row.id: Answer(row.id, case.answer) for row, case in zip(rows, cases, strict=True)}
    return score_table(rows, {"candidate": answers}, [metric], RULES)


@pytest.mark.parametrize("name", ["bleu", "chrf"])
def test_they_see_tone_marks_and_composition_in_one_form(name: str) -> None:
    vietnamese = Rules(for_language("vi"), "vi")
    reference = "bạn hoà nhạc ở quý thành phố"
    apart = unicodedata.normalize("NFD", "bạn hòa nhạc ở qúy thành phố")
    assert metrics.get(name).score(Case(apart, (reference,)), vietnamese) == pytest.approx(1)


def test_keys_of_json_compare_by_path_and_composition() -> None:
    def fields(answer: str, reference: str) -> float:
        return metrics.get("json_fields").score(Case(answer, (reference,)), RULES)

    assert fields(unicodedata.normalize("NFD", '{"màu": "đỏ"}'), '{"màu": "đỏ"}') == 1
    assert fields('{"a.b": 1}', '{"a": {"b": 1}}') == 0
    assert fields('{"a": ["x", "y"]}', '{"a": ["y", "x"]}') == 0
    assert fields('{"b": 2, "a": {"c": 1}}', '{"a": {"c": 1}, "b": 2}') == 1


def value(metric: str, cases: list[Case]) -> float:
    evidence = metrics.get(metric).evidence(cases, RULES)
    return float(evidence.combine(np.asarray(evidence.columns).sum(axis=0)))


def test_always_yes_is_worth_one_half() -> None:
    cases = [Case("có", ("có",))] * 90 + [Case("có", ("không",))] * 10
    assert value("exact_match", cases) == pytest.approx(0.9)
    assert value("yes_no", cases) == pytest.approx(0.5)


def test_label_metrics_find_the_label_in_a_sentence() -> None:
    cases = [
        Case("Đây là xe đạp", ("xe đạp",)),
        Case("xe", ("xe",)),
        Case("xe hay mèo", ("xe",)),
        Case("mèo", ("mèo",)),
    ]
    assert value("label_accuracy", cases) == pytest.approx(0.75)
    assert value("macro_f1", cases) == pytest.approx((1 + 2 / 3 + 1) / 3)


def test_too_many_labels_are_an_error_with_a_way_out() -> None:
    cases = [Case("x", (f"nhãn {place}",)) for place in range(150)]
    with pytest.raises(InvalidInputError, match="too many for a label metric") as caught:
        value("macro_f1", cases)
    assert "exact_match" in caught.value.hint


def test_an_unknown_metric_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(InvalidInputError, match="no metric 'accuracy'") as caught:
        metrics.get("accuracy")
    assert "exact_match" in caught.value.hint


TEXTS = st.one_of(
    st.text(max_size=30), st.sampled_from(["có", "không", "3", '{"a": [1, null]}', "màu đỏ", "1/0", "[]"])
)


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.lists(TEXTS, max_size=3))
def test_any_answer_scores_between_0_and_1(answer: str, references: list[str]) -> None:
    cases = [Case(answer, tuple(references)), Case("có", ("có",))]
    for metric in metrics.all_metrics().values():
        evidence = metric.evidence(cases, RULES)
        assert all(0 <= score <= 1 for score in evidence.scores), metric.name
        assert 0 <= float(evidence.combine(np.asarray(evidence.columns).sum(axis=0))) <= 1 + 1e-9, metric.name
