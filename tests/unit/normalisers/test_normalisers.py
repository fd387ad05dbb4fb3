import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailor.errors import InvalidInputError
from tailor.normalisers import check_switches, for_language
from tailor.normalisers.english import ENGLISH
from tailor.normalisers.plain import PLAIN
from tailor.normalisers.vietnamese import VIETNAMESE

VECTORS = Path(__file__).parents[3].parent / "shared/data/vectors/normalization_vectors.json"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("hoà", "hòa"),
        ("toà nhà", "Tòa nhà."),
        ("thuỷ", "thủy"),
        ("khoẻ", "khỏe"),
        ("2 người", "hai người"),
        ("hai mươi mốt con", "21 con"),
        ("bốn mươi tư", "44"),
        ("mười lăm", "15"),
        ("hai trăm linh năm", "205"),
        ("thứ tư", "thứ 4"),
        ("1.000 đồng", "1000 đồng"),
        ("1,000,000", "1.000.000"),
        ("7,5 m", "7.5m"),
        ("7 . 5m x 18m", "7,5 m x 18 m"),
        ("50%", "50 %"),
        ("màu\u00a0đỏ\u200b", "Màu đỏ !"),
        ("Ðen", "đen"),
        ("vie\u0323\u0302t nam", "việt nam"),
        ("xe đạp/xe máy", "xe đạp, xe máy"),
        ("tóan", "toán"),
        ("gìa", "già"),
        ("qúy", "quí"),
        ("gíup đỡ", "giúp đỡ"),
        ("Nguyễn Hòang", "nguyễn hoàng"),
        ("kỹ sư", "kĩ sư"),
        ("\u2067màu đỏ\u2069", "màu đỏ"),
        ("１２　ｋｍ", "12 km"),
        ("Dạ, màu đỏ ạ.", "màu đỏ"),
        ("ko đc", "không được"),
        ("màu xanh lá", "xanh lá"),
        ("x >= 5", "x ≥5"),
    ],
)
def test_the_same_answer_written_differently_is_the_same(first: str, second: str) -> None:
    assert VIETNAMESE(first) == VIETNAMESE(second)


@pytest.mark.parametrize(
    "word", ["hoàn", "suýt", "huỳnh", "quý", "quỳ", "quả", "giá", "an toàn", "công an", "khuỷu", "thuở", "riêng tư"]
)
def test_words_that_must_stay_as_they_are(word: str) -> None:
    assert VIETNAMESE(word) == word


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("má", "mà"),
        ("đa", "da"),
        ("màu đỏ", "màu đen"),
        ("10 năm", "15"),
        ("mười năm", "15"),
        ("7,5", "75"),
        ("0,125", "125"),
        ("C", "C++"),
        ("C", "C#"),
        ("<5", ">5"),
        ("≤ 5", "< 5"),
        ("18+", "18"),
        ("màu cam", "cam"),
        ("mã", "mả"),
    ],
)
def test_different_answers_stay_different(first: str, second: str) -> None:
    assert VIETNAMESE(first) != VIETNAMESE(second)


@pytest.mark.skipif(not VECTORS.exists(), reason="the shared vectors are not here")
def test_published_vectors() -> None:
    for vector in json.loads(VECTORS.read_text("utf-8")):
        if "keep" in vector:
            assert VIETNAMESE(vector["a"]) == vector["keep"]
        else:
            assert VIETNAMESE(vector["a"]) == VIETNAMESE(vector["b"])


def test_every_step_can_be_switched_and_the_signature_says_so() -> None:
    assert VIETNAMESE.signature == (
        "vi-norm:v3|nfc:on|space:on|lower:on|tone:old|iy:on|chat:on|polite:on|short:on|colour:on|decimal:comma|num:on|"
        "typed:on|punct:keepnum"
    )
    strict = VIETNAMESE.switched({"num": False, "iy": False})
    assert "num:off" in strict.signature
    assert "iy:off" in strict.signature
    assert strict("hai kỹ sư") == "hai kỹ sư"
    bare = VIETNAMESE.switched(dict.fromkeys([step.name for step in VIETNAMESE.steps], False))
    assert bare("  Hoà, hai! ") == "  Hoà, hai! "


def test_an_unknown_step_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(InvalidInputError, match="the step 'tones'") as caught:
        check_switches("vi", {"tones": False})
    assert "tone" in caught.value.hint


def test_a_step_of_another_language_is_an_error_only_where_the_language_is_said() -> None:
    with pytest.raises(InvalidInputError, match="the step 'tone'"):
        check_switches("en", {"tone": False})
    check_switches("auto", {"tone": False, "articles": False})
    with pytest.raises(InvalidInputError, match="no normaliser has the steps 'foo', 'bar'"):
        check_switches("auto", {"foo": True, "bar": False})
    assert for_language("en", {"tone": False}).signature == ENGLISH.signature


def test_english_drops_articles_and_reads_numbers() -> None:
    assert ENGLISH("The dog's.") == ENGLISH("dogs")
    assert ENGLISH("twenty-one cats") == "21 cats"
    assert ENGLISH("1,000.50") == "1000.5"
    assert ENGLISH("a") == "a"


def test_other_languages_get_the_plain_one() -> None:
    assert for_language("fr") is not None
    assert for_language("fr").signature == PLAIN.signature
    assert PLAIN("Un Chat, noir!") == "un chat noir"


def test_scripts_without_spaces_are_split_into_characters() -> None:
    assert PLAIN.tokens("赤い犬 dog") == ["赤", "い", "犬", "dog"]


VIETNAMESE_LETTERS = st.text(alphabet="aáàảãạăâđeêioôơuưyỳquthnmghk 0123456789.,?!%-/", max_size=40)
SYLLABLES = st.text(alphabet="aáàảãạăâđeêioôơuưyỳquthnmghk", max_size=6)


@settings(max_examples=150, deadline=None)
@given(VIETNAMESE_LETTERS, st.lists(SYLLABLES, max_size=6).map(" ".join))
def test_decomposed_text_is_the_same_and_twice_is_once(text: str, words: str) -> None:
    assert VIETNAMESE(unicodedata.normalize("NFD", text)) == VIETNAMESE(text)
    once = VIETNAMESE(words)
    assert VIETNAMESE(once) == once


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60))
def test_any_text_can_be_normalised(text: str) -> None:
    for normaliser in (VIETNAMESE, ENGLISH, PLAIN):
        result = normaliser(text)
        assert result == " ".join(result.split())
