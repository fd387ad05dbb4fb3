import unicodedata

import pytest

from tailor.language import detect, dominant, fits


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Con mèo đang nằm trên ghế.", "vi"),
        (unicodedata.normalize("NFD", "một chiếc xe máy"), "vi"),
        ("màu cam", "vi"),
        ("cà chua", "vi"),
        ("The cat is on the chair.", "en"),
        (unicodedata.normalize("NFD", "がぎぐ"), "ja"),
        ("狗", "zh"),
        ("собака", "ru"),
        ("2", "und"),
        ("", "und"),
        ("xe", "vi"),
        ("garage", "und"),
    ],
)
def test_languages_are_told_apart(text: str, language: str) -> None:
    assert detect(text) == language


def test_a_short_answer_without_a_sign_is_never_held_against_a_model() -> None:
    assert fits("2", "vi")
    assert fits("taxi", "vi")
    assert not fits("the red car", "vi")
    assert not fits("màu đỏ", "en")
    assert fits("the red car", "fr")


def test_most_texts_decide() -> None:
    assert dominant(["2", "màu đỏ", "mèo", "red car"]) == "vi"
    assert dominant(["2", "3"]) == "und"
