"""Every finding can be read in Vietnamese, with the same values in it, whatever these are."""

from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailor.findings import Finding, finding, in_document, reworded, translated
from tailor.findings.catalogue import variants
from tailor.findings.translated import vietnamese


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def _made(case: str, value: object) -> Finding:
    """A finding with one value in all places, as text or, where the template asks for one, as a number."""
    texts = variants()[case].message, variants()[case].fix
    specs = {name: spec or "" for text in texts for _, name, spec, _ in Formatter().parse(text) if name}
    numbers = {name: 7 for name, spec in specs.items() if spec and not spec.startswith(".2") and spec[-1] in "%fx,"}
    values = {name: value for name in specs if name != "path"} | numbers
    return finding(case, "a.csv", 3, path=str(value), **values)


def test_each_text_has_its_translation_with_the_same_values() -> None:
    assert vietnamese().texts.keys() == variants().keys()
    for case, (message, fix) in vietnamese().texts.items():
        assert placeholders(message) == placeholders(variants()[case].message), case
        assert placeholders(fix) == placeholders(variants()[case].fix), case


@pytest.mark.parametrize("case", sorted(variants()))
def test_each_finding_is_found_again_by_its_sentence(case: str) -> None:
    made = _made(case, "Wörter")
    told = translated(made, "vi")
    message, fix = vietnamese().texts[case]
    assert (told.code, told.severity, told.file, told.line, told.path) == (
        (made.code, made.severity, made.file, made.line, made.path)
    )
    for english, text, template in ((made.message, told.message, message), (made.fix, told.fix, fix)):
        assert ("Wörter" in text) == ("Wörter" in english)
        if any(word.strip() for word, *_ in Formatter().parse(template) if word.strip(" :;")):
            assert text != english
    assert in_document({"code": made.code, "message": made.message, "fix": made.fix, "line": 3}, "vi") == {
        "code": made.code,
        "message": told.message,
        "fix": told.fix,
        "line": 3,
    }
    assert translated(made, "en") is made


@given(st.sampled_from(sorted(variants())), st.text(max_size=60))
def test_no_value_breaks_a_sentence(case: str, value: str) -> None:
    made = _made(case, value)
    for wrapped in (made, reworded(made, f"{made.message} (12 rows; this is the first)")):
        told = translated(wrapped, "vi")
        assert told.message
        assert told.fix or not wrapped.fix


def test_what_is_put_around_a_message_is_translated_too() -> None:
    made = finding("nul-byte")
    assert translated(reworded(made, f"{made.message} (3 rows; this is the first)"), "vi").message == (
        "dòng có byte NUL (có 3; đây là chỗ đầu tiên)"
    )
    assert translated(reworded(made, f"the file can't be read beyond row 9: {made.message}"), "vi").message == (
        "không đọc được tệp sau dòng 9: dòng có byte NUL"
    )
    others = "the same of more than 80 others, such as a, b, c (in all 1,200 rows)"
    assert translated(reworded(made, others), "vi").message == (
        "như trên với hơn 80 chỗ khác, ví dụ a, b, c (tất cả 1,200 dòng)"
    )


def test_english_words_among_the_values_are_translated() -> None:
    assert translated(finding("text-missing", kind="a number"), "vi").message == "phần text là một số"
    near = "name the columns in tailor.yaml, such as data: {columns: {answer: a}}"
    told = translated(finding("rows-unrecognised/column", part="answer", suggestion=near), "vi")
    assert told.message == "không nhận ra cột nào là câu trả lời"
    assert told.fix.startswith("ghi tên các cột vào tailor.yaml, ví dụ data: {columns: {answer: a}}; ")


def test_what_no_template_says_stays_as_it_is() -> None:
    unknown = Finding("nul-byte", "error", "", None, "Something else.", "Do it.")
    assert translated(unknown, "vi") == unknown
    older = Finding("of-long-ago", "error", "", None, "Something else.", "Do it.")
    assert translated(older, "vi") == older
