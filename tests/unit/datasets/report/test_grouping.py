"""What people are shown of the findings: each thing said once, with its places."""

from pathlib import Path

from tailor.datasets.report import examples_of, fixes_of
from tailor.datasets.report.html import render
from tests.unit.datasets.conftest import Intake, chats, converse, write_jsonl


def test_what_is_said_of_several_lines_is_said_once(dataset: Path, intake: Intake) -> None:
    write_jsonl(dataset / "a.jsonl", [*chats(20), *[converse("", "b")] * 5, converse("", "")])
    (example,) = examples_of(intake().report, "empty-text")
    assert (example.place, example.lines) == ("a.jsonl lines 21, 22, 23, …", [21, 22, 23, 24, 25, 26])
    assert fixes_of([example, example]) == ["fill it in, or remove the row"]


def test_a_finding_of_the_dataset_has_no_place(dataset: Path, intake: Intake) -> None:
    write_jsonl(dataset / "a.jsonl", chats(20))
    assert [example.place for example in examples_of(intake().report, "few-rows")] == [""]


def test_the_page_shows_causes_places_and_advice_and_escapes_all(dataset: Path, intake: Intake) -> None:
    rows = [*chats(20), converse("<script>alert(1)</script> a.b@example.com", "ok"), {"<b>": 1}]
    write_jsonl(dataset / "<i>.jsonl", rows)
    page = render(intake().report)
    assert "<script>" not in page
    assert "<i>.jsonl" not in page
    assert "A model can repeat what it was trained on." in page
    assert "&lt;i&gt;.jsonl line 21" in page
    assert ">remove it, or set data.redact: true<" in page


def test_of_very_many_kinds_the_first_are_shown(dataset: Path, intake: Intake) -> None:
    rows = "".join(f"Question {n}?,answer {n},kind {n % 40:02d}\n" for n in range(200))
    (dataset / "a.csv").write_text(f"question,answer,category\n{rows}", "utf-8")
    page = render(intake().report)
    table = page.partition("Kinds of answers")[2].partition("</table>")[0]
    assert table.count("<tr>") == 12
    assert "all other kinds" in table
    assert '<td class="n">145</td>' in table
