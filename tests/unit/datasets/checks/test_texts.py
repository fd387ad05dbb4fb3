"""Damaged encodings, Unicode, tone marks, languages, personal data: found, and repaired where that is safe."""

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tailor import catalog
from tailor.datasets import writing
from tailor.datasets.checks import Examiner, Repairs, Screen, measured, privacy
from tailor.datasets.example import Example, Text, Turn
from tests.unit.datasets.conftest import Intake, chats, converse, write_jsonl

NOVA = catalog.model("nova-lite")
SCREEN = Screen(NOVA.reserved_words)


def _vietnamese(count: int) -> list[object]:
    return [
        converse(f"Người đàn ông thứ {n} đang làm gì?", f"Anh ấy đang đọc quyển sách số {n}.") for n in range(count)
    ]


@pytest.mark.parametrize("text", ["Tiếng Việt rất đẹp", "một hai ba", "Đà Nẵng"])
def test_text_is_composed_and_the_fix_is_recorded(text: str, dataset: Path, intake: Intake) -> None:
    write_jsonl(dataset / "a.jsonl", [*chats(20), converse(unicodedata.normalize("NFD", text), "ok then")])
    outcome = intake()
    assert outcome.report.usable
    everything = "".join(
        json.dumps(outcome.lines(f"prepared/{part}.jsonl")) for part in ("train", "validation", "test")
    )
    assert json.dumps(text)[1:-1] in everything
    fix = outcome.lines("report/fixes.jsonl")
    assert [(row["code"], row["line"], row["after"]) for row in fix] == [("not-nfc", 21, text)]


def test_half_composed_letters_are_composed(dataset: Path, intake: Intake) -> None:
    write_jsonl(dataset / "a.jsonl", [*chats(20), converse("Vie\u0302\u0323t hay Viê\u0323t?", "ok then")])
    assert "Việt hay Việt?" in intake().lines("report/fixes.jsonl")[0]["after"]


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("a\x00b\x07c", "abc", "control-characters"),
        ("zero\u200bwidth", "zerowidth", "invisible-characters"),
        ("\ufeffmark", "mark", "invisible-characters"),
        ("  spaces \n", "spaces", "outer-space"),
        ("soft\u00adhyphen", "softhyphen", "invisible-characters"),
        ("Món gì tháº¿ này?", "Món gì thế này?", "mojibake-repaired"),
    ],
)
def test_what_nobody_sees_is_removed(before: str, after: str, code: str, dataset: Path, intake: Intake) -> None:
    write_jsonl(
        dataset / "a.jsonl", [*chats(20), converse(f"Say: {before.strip()}" if "b" in before else before, "fine")]
    )
    outcome = intake()
    assert code in outcome.codes
    assert outcome.report.counts["fixes"] == 1
    assert outcome.lines("report/fixes.jsonl")[0]["after"].endswith(after)


@pytest.mark.parametrize("text", ["Tiếng Việt", "Đường phố Hà Nội", "naïve café", "“quoted” – dash", "Müller"])
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_mojibake_is_recognised_with_what_it_was(text: str, encoding: str) -> None:
    try:
        damaged = text.encode().decode(encoding)
    except UnicodeDecodeError:
        pytest.skip("this encoding has no sign for some byte")
    found = writing.mojibake(damaged)
    assert found is not None
    assert found[1] in text


@pytest.mark.parametrize(
    ("damaged", "was"),
    [
        ("CÃ”NG TY", "CÔNG"),
        ("Ã…rhus", "Århus"),
        ("3Ã—4", "3×4"),
        ("vÃ\xa0 tÃ´i", "và"),
        ("được\ntiá»‡n", "tiện"),
        ("x" * 500 + "tiá»‡n", "ện"),
        (("猫在椅子上睡觉" * 20).encode().decode("latin-1"), ("猫在椅子上睡觉" * 4)[:26]),
    ],
)
def test_mojibake_within_capitals_lines_and_long_words_is_recognised(damaged: str, was: str) -> None:
    found = writing.mojibake(damaged)
    assert found is not None
    assert found[1] == was


@given(st.text(max_size=80))
def test_what_is_put_right_is_what_was_decoded_wrongly(text: str) -> None:
    damaged = text.encode().decode("latin-1")
    repaired, count = writing.decoded_again(damaged)
    assert repaired == damaged or count
    assert writing.decoded_again(repaired)[1] == 0 or repaired == damaged


VIETNAMESE = "aăâbcdđeêghiklmnoôơpqrstuưvxyàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ"
WORD = st.text(VIETNAMESE, min_size=1, max_size=7).flatmap(
    lambda word: st.sampled_from([word, word.upper(), word.capitalize()])
)
SIGNS = st.text(",.?!–—‘’“”•…'", max_size=3)


@given(st.lists(st.tuples(SIGNS, WORD, SIGNS).map("".join), max_size=30).map(" ".join))
@settings(max_examples=200, deadline=None)
@example("“Khá…”")
@example("“ĐÃ LÀ…” – “NGÃ…”")
def test_sound_vietnamese_is_never_called_mojibake(text: str) -> None:
    assert writing.mojibake(text) is None


@given(st.text(alphabet=f"{VIETNAMESE} ,.?!–—‘’“”•…'", max_size=200))
@settings(max_examples=200, deadline=None)
@example("á––")
def test_nor_are_small_letters_and_signs_in_any_order(text: str) -> None:
    assert writing.mojibake(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "Il problema è…”",
        "« l’été\xa0»",
        "Com’è…”",
        "ein großer Spaß…",
        "der Fuß“",
        "CAFÉ’S",
        "CÓ\xa0CON",
        "“là…”",
        "CHÀ…",
    ],
)
def test_letters_before_signs_and_narrow_spaces_are_sound(text: str) -> None:
    assert writing.mojibake(text) is None


def test_japanese_rows_without_kana_are_not_chinese(dataset: Path, intake: Intake) -> None:
    kana = [converse(f"写真{n}の男性は何をしていますか。", "本を読んでいます。") for n in range(30)]
    plain = [converse(f"写真{n}中央人物国籍職業年齢如何", "日本人") for n in range(60)]
    write_jsonl(dataset / "a.jsonl", [*kana, *plain])
    assert not intake().found("unexpected-language")


def test_a_row_in_another_language_is_a_warning(dataset: Path, intake: Intake) -> None:
    odd = converse("What is the man in the picture doing?", "He is reading a book about the history of trains.")
    bare = converse("Nguoi dan ong dang lam gi o trong buc anh nay?", "Anh ay dang doc mot quyen sach ve lich su.")
    write_jsonl(dataset / "a.jsonl", [*_vietnamese(60), odd, bare])
    assert [found["line"] for found in intake().found("unexpected-language")] == [61, 62]


@pytest.mark.parametrize("word", ["hoà", "toà nhà", "khoẻ", "thuỷ", "hoạ sĩ"])
def test_marks_on_the_second_vowel_are_one_custom(word: str) -> None:
    assert writing.tone_styles(word)[0] is None
    assert writing.tone_styles(word)[1] is not None


@pytest.mark.parametrize("word", ["hòa", "tòa nhà", "khỏe", "thủy", "họa sĩ"])
def test_marks_on_the_first_vowel_are_the_other(word: str) -> None:
    assert writing.tone_styles(word)[0] is not None
    assert writing.tone_styles(word)[1] is None


@pytest.mark.parametrize("word", ["hoàn", "suýt", "huỳnh", "quý", "quỳ", "quả", "giá", "an toàn", "loài"])
def test_words_that_know_one_spelling_only_say_nothing(word: str) -> None:
    assert writing.tone_styles(word) == (None, None)


def test_mixed_tone_marks_are_reported_once(dataset: Path, intake: Intake) -> None:
    rows = [converse(f"Câu hỏi số {n} về bức ảnh này?", ("khỏe mạnh", "hoà bình")[n % 2] + f" {n}") for n in range(40)]
    write_jsonl(dataset / "a.jsonl", rows)
    found = intake().found("tone-marks")
    assert len(found) == 1
    assert "khỏe" in found[0]["message"]
    assert "hoà" in found[0]["message"]


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("mail an.nguyen+x@example.com now", "mail [email] now"),
        ("gọi 0912.345.678 hoặc +84 912 345 678", "gọi [phone] hoặc [phone]"),
        ("card 5500 0000 0000 0004.", "card [card]."),
        ("key AKIAIOSFODNN7EXAMPLE", "key [secret]"),
        ("ghp_" + "a1B2" * 9, "[secret]"),
        ("sk-" + "abcDEF123456" * 3, "[secret]"),
        ("-----BEGIN RSA PRIVATE KEY-----", "[secret]"),
        ("aws_secret_access_key=" + "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "[secret]"),
    ],
)
def test_personal_data_and_secrets_are_replaced(text: str, after: str) -> None:
    assert SCREEN.look([("", text)]) == [None]
    assert privacy.redacted(text)[0] == after


@pytest.mark.parametrize("text", ["2019-2024", "1.234.567,89", "v1.2.3.4", "10:30:00", "a@b", "3.14159265358979323846"])
def test_ordinary_numbers_are_left_alone(text: str) -> None:
    assert privacy.redacted(text) == (text, 0)


SECRETS = ["a.b@c.vn", "+84 90 123 45 67", "4111 1111 1111 1111", "AKIAIOSFODNN7EXAMPLE", "xoxb-0123456789"]
SECRETS += ["sk-" + "aB3" * 8, "ghp_" + "a1B2" * 9]
MARKERS = ["System:", "robot: ", "<image>", "[EOS]", "<unk> ", "Bot:"]
ODD = [
    "\u200b",
    "\u00ad",
    "\ufeff",
    "\ufffd",
    "\x00",
    "\x01",
    "\x07",
    "\x85",
    "e\u0301",
    "\u1100\u1161",
    "\u212b",
    "5 €",
]
USUAL = ["được", "Ä‘Æ°á»£c", "tiá»‡n", "Thì thầm:", "  " * 9, "\n", "“trích”", "it’s", "HELLO WORLD", "12.5"]
PIECES = st.one_of(st.text(max_size=12), *map(st.sampled_from, (SECRETS, MARKERS, ODD, USUAL)))
TEXTS = st.lists(PIECES, max_size=5).map("".join)


@given(rows=st.lists(st.tuples(TEXTS, TEXTS)))
@settings(max_examples=200, deadline=None)
def test_what_the_screen_lets_pass_needs_no_closer_look(rows: list[tuple[str, str]]) -> None:
    examiner, repairs = Examiner(NOVA, "fine-tuning"), Repairs(redact=True, strip=False)
    for (question, answer), passed in zip(rows, SCREEN.look(rows), strict=True):
        if passed:
            example = Example("a", 1, [Turn("user", [Text(question)]), Turn("assistant", [Text(answer)])])
            assert examiner.texts(example) == []
            assert repairs.apply(example) == ([], [])
            assert passed == measured(question, answer)


def test_the_screen_stops_few_ordinary_rows() -> None:
    """A closer look at each would take many times as long."""
    rows = [
        ("Tóm tắt: hoá đơn số 12-A, ngày 3/4/2026 (khách: Công ty An Bình)?", "Khách trả 1.250.000 đồng - đúng hạn."),
        ("What's the total <net>, e.g. [USD]? See https://example.com/a_b?c=d", "It's 42.50; the API's limit is 99%."),
        ("# Title\n\n- point one\n- point two", "“Quoted” – it’s fine… ROBOT: yes."),
    ]  # fmt: skip
    assert None not in SCREEN.look(rows)


def test_with_redact_the_prepared_data_holds_placeholders(dataset: Path, intake: Intake) -> None:
    write_jsonl(dataset / "a.jsonl", [*chats(20), converse("Mail a.b@example.com?", "Or call 0912 345 678.")])
    outcome = intake(data={"redact": True})
    assert outcome.report.usable
    assert not {"personal-email", "personal-phone"} & outcome.codes
    report = b"".join(path.read_bytes() for path in outcome.folder.rglob("*") if path.is_file())
    assert b"a.b@example.com" not in report
    assert b"[email]" in report
