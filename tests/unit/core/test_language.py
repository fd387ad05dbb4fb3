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
        ("Con mèo đang ngủ trên ghế", "vi"),
        ("Có hình tròn không?", "vi"),
        ("Có hình tròn không? Không có hình nào.", "vi"),
        ("The cat sleeps on the chair", "en"),
        ("The Hội An lanterns are red and they hang in the street", "en"),
        ("naïve café in the town of Paris", "en"),
        ("Con meo dang ngu tren ghe", "und-Latn"),
        ("Xin chao, toi la nguoi Viet Nam va toi yeu mon pho", "und-Latn"),
        ("Le garçon a mangé une pêche", "und-Latn"),
        ("猫在椅子上睡觉", "zh"),
        ("猫はいすの上で寝ている", "ja"),
        ("고양이가 의자에서 잔다", "ko"),
        ("Кошка спит на стуле", "ru"),
        ("แมวนอนบนเก้าอี้", "th"),
        ("Η γάτα κοιμάται", "el"),
        ("القط نائم", "ar"),
        ("12", "und"),
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
    assert fits("Con meo dang ngu tren ghe", "vi")


def test_most_texts_decide() -> None:
    assert dominant(["2", "màu đỏ", "mèo", "red car"]) == "vi"
    assert dominant(["2", "3"]) == "und"


def test_japanese_without_kana_is_not_chinese() -> None:
    assert fits("東京", "ja")
    assert dominant(["東京", "大阪", "赤色", "猫です"]) == "ja"
    assert dominant(["北京", "上海", "红色", "猫"]) == "zh"
