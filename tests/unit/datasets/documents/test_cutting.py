import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailor import catalog
from tailor.datasets.documents.cutting import most_characters, pieces
from tailor.tokens import Estimator

TEXT = st.text(st.sampled_from("ab .\n\n#đườ́ệ。?") | st.characters(), max_size=400)


@settings(max_examples=100, deadline=None)
@given(TEXT, st.integers(2, 60))
def test_nothing_is_lost_and_nothing_is_too_long(text: str, most: int) -> None:
    found = list(pieces(text, most))
    assert "".join(found) == text
    assert all(0 < len(piece) <= most for piece in found)
    assert all(2 * len(piece) >= most - 1 for piece in found[:-1])


@settings(max_examples=50, deadline=None)
@given(st.text(st.sampled_from("aêơ"), min_size=1, max_size=200), st.integers(8, 30))
def test_letters_keep_their_accents(text: str, most: int) -> None:
    decomposed = unicodedata.normalize("NFD", text)
    assert all(not unicodedata.combining(piece[0]) for piece in pieces(decomposed, most))


def test_a_short_text_stays_whole() -> None:
    assert list(pieces("one paragraph", 100)) == ["one paragraph"]
    assert list(pieces("", 100)) == []


@pytest.mark.parametrize(
    ("text", "most", "first"),
    [
        ("one two.\n\nthree four. five six", 18, "one two.\n\n"),
        ("# A\nfirst part\n# B\nsecond part", 24, "# A\nfirst part\n"),
        ("First sentence here. Second one follows it", 30, "First sentence here. "),
        ("line one without end\nline two without end", 30, "line one without end\n"),
        ("several words without any end at all", 20, "several words "),
        ("x" * 50, 20, "x" * 20),
    ],
)
def test_the_best_boundary_wins(text: str, most: int, first: str) -> None:
    assert next(pieces(text, most)) == first


def test_a_piece_needs_room() -> None:
    with pytest.raises(ValueError, match="two"):
        list(pieces("abc", 1))


def test_the_models_limit_in_characters() -> None:
    model = catalog.model("titan-text-express")
    most = most_characters(model)
    prose = ("Máy bơm nước chạy êm, bền. " * most)[:most]
    high = Estimator(model.tokens, None).text(most, prose.encode()).high
    assert 0.85 < high / model.method("continued-pre-training").limits.context_tokens < 1
