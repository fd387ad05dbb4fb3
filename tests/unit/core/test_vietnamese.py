"""Hold that the library's sentences are known in Vietnamese: each sentence in its source, and each as it is written."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tailor import vietnamese
from tailor.recipe import Patience
from tailor.training.stall import find_stall
from tailor.training.translate import explain, explain_deployment, translations
from tailor.verify import CHECKS
from tests.unit.cli.sentences import LIBRARY, key, of_rooms

NAMES = re.compile(r"\{(\w+)\}")
PAIRS = dict(vietnamese.pairs())
KNOWN = "\n".join(map(key, PAIRS))
ROOMS = (  # what runs, quotes, verdicts and the API's answers say
    *("steps", "training", "serving", "evaluation/gate", "evaluation/curves.py", "evaluation/report/document.py"),
    *("management/access.py", "management/api_keys.py", "management/approvals.py", "management/pages.py"),
    *("management/requests.py", "management/runs.py", "management/uploads.py", "management/usage.py", "run_records.py"),
)
NOT_SAID = {  # names at AWS, what models are asked, receipts of an erasure (JSON), and logs
    *(
        "capacity.py",
        "erase.py",
        "orphans.py",
        "forms.py",
        "judge.py",
        "origins.py",
        "price_list.py",
        "receive.py",
        "publish.py",
    ),
}
LOGGED = {
    "what the table holds is no run that this version can read",
    "nobody could look at it since {}",
    "none: the model was made elsewhere",
    "SageMaker training job",
    "[{} was called with {}]",
    "(the model)",
    "too (long|many (input )?tokens)|maximum (context|input)|context (length|window)|input tokens",
    "this request was answered before",
}
CANNOT_LOOK = re.compile(r'CannotCheckError\(\s*f?"(.+?)"\s*\)')
ENGLISH = re.compile(r"\b(the|is|are|was|were|and|it|its|of|not|with|takes|because|by|to)\b")


def test_each_sentence_of_the_library_is_known() -> None:
    """A sentence may be written in pieces: each piece stands in some template."""
    said = {text: place for text, place in of_rooms(ROOMS) if place.partition(":")[0] not in NOT_SAID}
    assert len(said) > 400

    def known(text: str) -> bool:
        pieces = [piece.strip(" .,;()'") for piece in re.split(r"\{\} ?%?|: ", text)]
        return all(piece in KNOWN or piece[:1].lower() + piece[1:] in KNOWN for piece in pieces)

    assert {text: place for text, place in said.items() if not known(text) and text not in LOGGED} == {}


def test_a_translation_has_the_values_of_its_template_and_each_template_once() -> None:
    for english, other in PAIRS.items():
        names = NAMES.findall(english)
        assert len(set(names)) == len(names), english
        assert set(NAMES.findall(other)) == set(names), english


def test_what_is_assumed_of_aws_and_why_nobody_could_look_is_known() -> None:
    source = "\n".join(path.read_text("utf-8") for path in (LIBRARY / "verify").rglob("*.py"))
    said = [*(check.assumption for check in CHECKS), *CANNOT_LOOK.findall(source)]
    assert len(said) > 35
    known = {re.sub(r"\{[^{}]*\}", "", each) for each in PAIRS}
    assert [text for text in said if re.sub(r"\{[^{}]*\}", "", text) not in known] == []


@pytest.mark.parametrize("section", ["reasons", "failures", "api", "verdicts", "verify"])
def test_the_library_writes_each_sentence_that_is_translated(section: str) -> None:
    """Some words of it stand beside each other in the source: a sentence may be written in pieces."""
    files = [path for path in LIBRARY.rglob("*") if path.suffix in (".py", ".toml") and "vietnamese" not in str(path)]
    texts = (re.sub(r'"\s*\n\s*f?"', "", path.read_text("utf-8")) for path in files)
    source = re.sub(r"\\(?=\")", "", "\n".join(texts)).lower()

    def written(english: str) -> bool:
        pieces = [piece.split() for piece in re.split(r"\{\w+\}", english.lower())]
        runs = [" ".join(words[at : at + 2]).strip(":;,.") for words in pieces for at in range(max(1, len(words) - 1))]
        return any(run in source for run in runs if len(run) > 3)

    assert [english for english in vietnamese.section(section) if not written(english)] == []


STALLS = [
    {"status": "InProgress", "statusDetails": {"trainingDetails": {"status": "InProgress"}}},
    {"status": "Stopping"},
    {"status": "InProgress", "importing": True},
    {"status": "InProgress", "statusDetails": {"validationDetails": {"status": "Completed"}}},
]


@pytest.mark.parametrize("hours", [20, 400])
@pytest.mark.parametrize("job", STALLS)
def test_what_is_said_of_a_stalled_job_is_vietnamese(job: dict[str, Any], hours: int) -> None:
    now = datetime(2026, 11, 22, 10, tzinfo=UTC)
    found = find_stall(job | {"creationTime": now - timedelta(hours=hours)}, Patience(), now)
    if found is not None:
        _is_vietnamese(found.message)


@pytest.mark.parametrize("known", translations(), ids=lambda known: known.code)
def test_failures_are_explained_in_vietnamese_and_awss_own_words_stay(known: Any) -> None:
    words = known.example.rstrip(".")
    for text, who in [(explain(words, "SageMaker"), "SageMaker"), (explain_deployment(words), "Bedrock")]:
        said = vietnamese.in_vietnamese(text)
        assert said.endswith(f"{who} báo: {words}")
        _is_vietnamese(text.removesuffix(words) + "ValidationException")


REASONS = {
    "It may cost up to $1,082.00, and the budget is $50.00": (
        "Chi phí có thể lên đến 1.082,00 USD, trong khi ngân sách là 50,00 USD"
    ),
    "its schedule closed, and opens at 2026-11-23 01:00 UTC: its model units bill by the hour. It is measured once "
    "they are made again": (
        "ngoài giờ phục vụ, mở lại lúc 01:00 ngày 23/11/2026 UTC: đơn vị mô hình bị tính tiền theo giờ. "
        "Mô hình được đánh giá khi chúng được tạo lại"
    ),
    "What this costs is not known: Training Nova Lite, Evaluation on 162 held-out rows": (
        "Chưa biết giá của: Huấn luyện Nova Lite, Đánh giá trên 162 dòng để dành"
    ),
    "person:linh stopped it: within the quarter": "person:linh đã dừng: within the quarter",
    "there is no such run: tailor runs colours lists its runs": (
        "không có lượt chạy này: tailor runs colours liệt kê các lượt chạy của nó"
    ),
    "The custom model is better: exact match 75.3 % against 12.3 % for the base model with examples on 162 held-out "
    "rows (+63.0 points, 95 % interval +54.9 to +70.4).": (
        "Mô hình tùy chỉnh tốt hơn: khớp chính xác 75,3% so với 12,3% của mô hình gốc kèm ví dụ mẫu trên 162 dòng để "
        "dành (+63,0 điểm, khoảng tin cậy 95%: +54,9 đến +70,4)."
    ),
    "ann's own words": "ann's own words",
    "llama-3.3-70b": "llama-3.3-70b",
}


@pytest.mark.parametrize("english", REASONS)
def test_sentences_are_translated_with_their_values_or_left_as_they_are(english: str) -> None:
    assert vietnamese.in_vietnamese(english) == REASONS[english]


@pytest.mark.parametrize("text", ["none, " * 200, "base; base: base. base, " * 60 + "x", "it buys " * 300])
def test_a_text_that_is_made_to_take_long_stays_as_it_is(text: str) -> None:
    assert vietnamese.in_vietnamese(text) == text


def test_a_readers_language_holds_for_one_answer() -> None:
    with vietnamese.asked_for(True):
        assert vietnamese.as_asked("rolled back") == "quay về bản trước"
    assert vietnamese.as_asked("rolled back") == "rolled back"


def _is_vietnamese(text: str) -> None:
    said = vietnamese.in_vietnamese(text)
    assert said != text
    assert not ENGLISH.search(said), said
