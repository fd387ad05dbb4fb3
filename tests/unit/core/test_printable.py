import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from tailor.printable import one_line, printable, printable_json

HOSTILE = "\x1b[2J\x9b31m\u202etxt.exe\u2066\r\x08\U000e0041\ud800"


def test_what_steers_a_terminal_or_reorders_text_is_shown_as_an_escape() -> None:
    assert printable(HOSTILE) == r"\x1b[2J\x9b31m\u202etxt.exe\u2066\r\x08\U000e0041\ud800"
    assert printable("a\n\tb") == "a\n\tb"
    assert one_line("a\n\tb") == r"a\n\tb"


def test_what_people_write_stays_as_it_is() -> None:
    for text in ("Ảnh chụp màn hình 1.png", "👩‍👩‍👧 nhà", "שלום", "नमस्ते", "“quoted” – 50 %"):
        assert printable(text) == one_line(text) == text


@given(st.text(st.characters()))
def test_no_text_leaves_a_control_or_half_of_a_character(text: str) -> None:
    shown = one_line(text)
    assert shown == one_line(shown)
    assert not [char for char in shown if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")]
    assert not [char for char in shown if unicodedata.bidirectional(char) in ("RLE", "LRE", "RLO", "LRO", "PDF")]


@given(st.text())
def test_a_json_document_means_the_same(text: str) -> None:
    document = json.dumps({text: [text]}, ensure_ascii=False, indent=2)
    assert json.loads(printable_json(document)) == json.loads(document)
    assert printable_json(document) == printable(printable_json(document))
