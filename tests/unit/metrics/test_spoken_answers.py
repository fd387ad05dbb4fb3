"""Answers that a Vietnamese speaker would call right: a table of our own, and the shared cases if they are there."""

import json
from pathlib import Path

import pytest

from tailor import metrics
from tailor.metrics import Case, Rules
from tailor.metrics.choose import choose_metric
from tailor.normalisers import for_language

RULES = Rules(for_language("vi"), "vi")
CASES = Path(__file__).parents[3].parent / "shared/cases/verdicts"
needs_cases = pytest.mark.skipif(not CASES.exists(), reason="the shared cases are not here")


def score(metric: str, language: str, answer: str, references: list[str]) -> float:
    rules = Rules(for_language(language), language)
    return metrics.get(metric).evidence([Case(answer, tuple(references))], rules).scores[0]


@pytest.mark.parametrize(
    ("metric", "answer", "reference", "right"),
    [
        ("numeric", "Trong hình có hai con mèo", "2", 1),
        ("numeric", "50 đồng", "50 nghìn đồng", 0),
        ("numeric", "50k", "50.000đ", 1),
        ("numeric", "một con voi", "một con mèo", 0),
        ("numeric", "Tôi thấy một con mèo", "một con mèo", 1),
        ("numeric", "5 triệu", "5 tỷ", 0),
        ("numeric", "hai lăm", "25%", 1),
        ("numeric", "không phải 12 mà là 13", "13", 1),
        ("numeric", "không phải 12 mà là 13", "12", 0),
        ("numeric", "12 hoặc 13", "12", 0),
        ("numeric", "1\n2\n3", "3", 0),
        ("numeric", "Có 3 quả. Thêm 2 quả nữa. Vậy có 5 quả.", "5", 1),
        ("numeric", "2 x 6 = 12", "12", 1),
        ("numeric", "Năm 2023 có 5 người", "5", 1),
        ("numeric", "Lúc đầu tôi nghĩ là 3, nhưng thật ra là 2", "2", 1),
        ("numeric", "Không có", "0", 1),
        ("numeric", "Không biết", "0", 0),
        ("numeric", "37 độ", "37°C", 0),
        ("numeric", "5 đồng", "5 đô la", 0),
        ("numeric", "5", "-5", 0),
        ("date_time", "01/01/1945", "02/09/1945", 0),
        ("date_time", "năm 1945", "2/9/1945", 0),
        ("date_time", "Lúc 7 giờ rưỡi sáng", "7h30", 1),
        ("date_time", "7h30 tối", "7:30", 0),
        ("date_time", "19 giờ 30", "7h30 tối", 1),
        ("date_time", "lúc 7:30 hoặc 8:30", "7h30", 0),
        ("date_time", "Đó là ngày Quốc khánh, 2 tháng 9", "2/9", 1),
        ("yes_no", "Không biết", "không biết", 1),
        ("yes_no", "Không thể xác định từ hình ảnh", "không", 0),
        ("yes_no", "Tôi nghĩ là có", "có", 1),
        ("choice", "Đáp án đúng là B vì trời nắng.", "B", 1),
        ("choice", "A, B, C, D", "A", 0),
        ("exact_match", "2 con", "2", 1),
        ("exact_match", "5 m", "5 km", 0),
        ("exact_match", "5 kg", "5", 0),
        ("exact_match", "50k", "50.000đ", 1),
        ("exact_match", "5", "5 đồng", 0),
        ("containment", "Chiếc xe có màu đỏ.", "màu đỏ", 1),
        ("containment", "Không phải màu đỏ mà là màu xanh", "màu đỏ", 0),
        ("containment", "đỏ, xanh, vàng", "đỏ", 0),
        ("containment", "có thể là đỏ hoặc xanh", "đỏ", 0),
        ("containment", "A B C D", "A", 0),
        ("exact_match", "mưòi", "mười", 1),
        ("exact_match", "CO₂", "CO2", 1),
        ("exact_match", "O+", "O-", 0),
        ("exact_match", "A-", "A", 0),
        ("exact_match", "ba phần tư", "3/4", 1),
        ("exact_match", "mồng một", "mùng 1", 1),
        ("numeric", "hai rưỡi", "2,5", 1),
        ("numeric", "Tổng cộng có 7: 3 nam và 4 nữ", "7", 1),
        ("yes_no", "Đương nhiên", "có", 1),
        ("yes_no", "Hổng có", "không", 1),
        ("yes_no", "Không thể", "không", 1),
        ("yes_no", "Không chắc chắn", "không", 0),
        ("choice", "Đáp án không phải A mà là B", "B", 1),
        ("no_refusal", "Tôi không có quyền truy cập hình ảnh", "đỏ", 0),
        ("containment", "Ngày ấy là 2 tháng 9 năm 1945", "2/9/1945", 1),
        ("json_fields", '{"a": {"b": 1}}', '{"a.b": 1}', 0),
        ("no_refusal", "Tôi xin từ chối trả lời.", "đỏ", 0),
        ("no_refusal", "Không, tôi không thấy con mèo nào.", "không", 1),
        ("not_empty", "\u200b", "đỏ", 0),
    ],
)
def test_what_is_right(metric: str, answer: str, reference: str, right: float) -> None:
    assert score(metric, "vi", answer, [reference]) == right


@pytest.mark.parametrize(
    ("references", "metric"),
    [
        (["02/09/1945", "ngày 30 tháng 4 năm 1975"], "date_time"),
        (["2/9", "30/4"], "date_time"),
        (["1/2", "3/4"], "numeric"),
        (["7h30", "8 giờ kém 15"], "date_time"),
        (["50 nghìn đồng", "1,5 triệu"], "numeric"),
        (["hai", "3 con", "mười lăm"], "numeric"),
        (["5 km", "3,5 kg"], "numeric"),
        (["25%", "50 phần trăm"], "numeric"),
        (["A", "(B)", "Đáp án: C"], "choice"),
        (["có", "Không ạ", "không biết"], "yes_no"),
        (["không biết", "không rõ"], "exact_match"),
        (["một con mèo", "hai con chó"], "exact_match"),
        (["năm 1945", "2024"], "numeric"),
        (["màu đỏ", "2"], "exact_match"),
        (["0912345678", "0987654321"], "exact_match"),
        (["hai mươi tháng mười một", "mùng 2 tháng 9"], "date_time"),
    ],
)
def test_auto_tells_the_type_from_whole_references(references: list[str], metric: str) -> None:
    assert choose_metric(references, RULES)[0] == metric


TABLE = [json.loads(line) for line in Path(__file__).with_suffix(".jsonl").read_text("utf-8").splitlines()]


def test_each_answer_of_our_table_is_scored_as_a_speaker_would() -> None:
    wrong = [
        (row["metric"], row["references"], answer, right)
        for row in TABLE
        for right, answers in ((1, row["right"]), (0, row["wrong"]))
        for answer in answers
        if score(row["metric"], row["language"], answer, row["references"]) != right
    ]
    assert not wrong
    assert sum(len(row["right"]) + len(row["wrong"]) for row in TABLE) > 1400


@needs_cases
def test_the_shared_answers_are_scored_as_a_speaker_would() -> None:
    cases = [json.loads(line) for line in (CASES / "answers.jsonl").read_text("utf-8").splitlines()]
    assert cases
    wrong = [
        case
        for case in cases
        if score(case["metric"], case["language"], case["answer"], case["references"]) != case["right"]
    ]
    assert not wrong


@needs_cases
@pytest.mark.parametrize("language", ["vi", "und"])
def test_auto_does_not_choose_a_metric_for_a_part_of_an_answer(language: str) -> None:
    rules = Rules(for_language(language), language)
    for line in (CASES / "auto.jsonl").read_text("utf-8").splitlines():
        case = json.loads(line)
        assert choose_metric(case["references"], rules)[0] not in case["must_not_choose"], case["references"]
