"""Yes, no and cannot tell, as Vietnamese and English say them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailor.answers import NO, UNKNOWN, YES, bare_stance, chosen, only_letter, stance_of

SAID = {
    YES: [
        *(
            "Có",
            "có ạ",
            "Dạ",
            "Dạ có",
            "Vâng",
            "vâng đúng rồi ạ",
            "Ừ",
            "Đúng",
            "Phải",
            "Chính xác",
            "Đúng vậy ạ",
            "Có chứ",
        ),
        *("Tôi nghĩ là có", "Theo tôi thì có", "Đáp án: Có", "Câu trả lời là có.", "Trong ảnh có con mèo", "**Có**"),
        *("Có, có hai con mèo.", "Có, nhưng không nhiều", "Không sai", "Không thể phủ nhận là có", "Có vẻ có"),
        *("Người đàn ông đang đội mũ", "Không phải là không có", "Yes", "Yes, there is.", "That is correct", "yeah"),
    ],
    NO: [
        *("Không", "ko", "k", "K có", "khong", "Không ạ", "Dạ không ạ", "Dạ thưa không", "Vâng, không có", "Không có"),
        *(
            "Không phải",
            "Không đúng",
            "Chưa",
            "Sai",
            "Chả có",
            "Chẳng có",
            "Chẳng phải",
            "Đâu có",
            "Làm gì có",
            "Có đâu",
        ),
        *("Có vẻ là không", "Tôi nghĩ là không", "Được cho là không", "Câu trả lời là không", "Không hề"),
        *("Con mèo không ở trên bàn", "Không, trong hình không có con mèo nào.", "Tôi không thấy con mèo nào"),
        *("Trong ảnh không có.", "Không, có hai con chó", "No", "No, there isn't", "It is not red", "nope", "false"),
    ],
    UNKNOWN: [
        *("Không biết", "Không rõ", "Tôi không chắc", "Không thể trả lời câu hỏi này", "Chưa rõ", "Khó nói", "Tùy"),
        *("Không thể xác định từ hình ảnh", "Có lẽ", "Có thể", "Có lẽ là có", "Chắc là có", "Có hoặc không"),
        *("Có, không", "Xin lỗi, tôi không thể xem ảnh", "Không đủ thông tin để trả lời", "Hình ảnh không rõ"),
        *("Ảnh mờ quá, tôi không nhìn rõ", "Không có thông tin", "I don't know", "I'm not sure", "Maybe", "It depends"),
        *("Cannot be determined from the image", "Yes or no"),
    ],
}


@pytest.mark.parametrize(("stance", "text"), [(stance, text) for stance, texts in SAID.items() for text in texts])
def test_what_is_said(stance: str, text: str) -> None:
    assert stance_of(text) == stance


@pytest.mark.parametrize(
    "text", ["", "màu đỏ", "Có con mèo không?", "Con mèo có ở trên bàn không", "Is there a cat?", "2", "mèo", "?!"]
)
def test_what_takes_no_stance(text: str) -> None:
    assert stance_of(text) is None


@pytest.mark.parametrize(
    ("text", "stance"),
    [
        *(("Có", YES), ("dạ không ạ", NO), ("Đúng", YES), ("Sai", NO), ("không có", NO), ("không biết", UNKNOWN)),
        *(("có màu đỏ", None), ("không có gì", None), ("có hai người", None), ("có lẽ", UNKNOWN), ("Yes.", YES)),
    ],
)
def test_references_are_read_whole(text: str, stance: str | None) -> None:
    assert bare_stance(text) == stance


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        *(("A", "A"), ("(a)", "A"), ("b.", "B"), ("Đáp án: A", "A"), ("câu C", "C"), ("Chọn D.", "D"), ("**B**", "B")),
        *(("Đáp án đúng là D", "D"), ("The answer is C.", "C"), ("C++", None), ("AB", None), ("A và B", None)),
    ],
)
def test_letters_of_choices(text: str, letter: str | None) -> None:
    assert only_letter(text) == letter
    assert chosen(text) == letter


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        *(("A. màu đỏ", "A"), ("Tôi chọn đáp án B vì nó đúng.", "B"), ("A, B, C, D", None), ("A hoặc B", None)),
        *(
            ("Đáp án A sai, đáp án B đúng", "B"),
            ("không phải A mà là B", "B"),
            ("A dog", None),
            ("A is right", "A"),
            ("A hay B", None),
            ("không biết", None),
            ("Vitamin C++", None),
        ),
    ],
)
def test_choices_in_sentences(text: str, letter: str | None) -> None:
    assert chosen(text) == letter


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    assert stance_of(text) in (YES, NO, UNKNOWN, None)
    assert bare_stance(text) in (YES, NO, UNKNOWN, None)
    chosen(text)
