"""The report of a dataset is written in Vietnamese too, for those who read it so."""

from pathlib import Path

from samples.generate import generate
from tailor import translated_page
from tailor.datasets.report import in_vietnamese
from tailor.datasets.report.html import render
from tailor.datasets.report.translated import said
from tests.unit.datasets.conftest import Intake, write_vqa

HTML, VIETNAMESE = "runs/r/report/report.html", "runs/r/report/report.vi.html"


def test_each_text_of_the_page_has_its_translation(dataset: Path, intake: Intake) -> None:
    write_vqa(dataset, images=30)
    with (dataset / "questions.csv").open("a", encoding="utf-8") as rows:
        rows.write("\nCó ảnh không?,,images/999.png\nĐâu rồi?,có,images/998.png")
    found = intake(model="nova-lite")
    missing = translated_page.untranslated(render(in_vietnamese(found.report)), said)
    assert [text for text in missing if "questions.csv" not in text] == []
    page = (found.folder / VIETNAMESE).read_text("utf-8")
    assert '<html lang="vi">' in page
    assert "Không dùng được bộ dữ liệu: " in page
    assert "Câu trả lời hay gặp nhất" in page
    assert "đáp án 3" in page
    assert "The dataset can&#x27;t be used: " in (found.folder / HTML).read_text("utf-8")
    assert found.report.headline.startswith("The dataset can't be used: ")


def test_pairs_are_shown_with_both_answers(dataset: Path, intake: Intake) -> None:
    generate(dataset, "preference-optimization", 60)
    found = intake(method="preference-optimization", model="nova-lite")
    page = (found.folder / VIETNAMESE).read_text("utf-8")
    assert all(text in page for text in ("mô hình, câu tốt hơn", "mô hình, câu kém hơn", "câu trả lời kém hơn"))
    (file,) = found.report.files
    answers = {"chosen": "the better answer", "rejected": "the worse answer"}
    assert file["columns"] == {"system": "used", "prompt": "used"} | answers


def test_the_recipe_says_who_reads_it(dataset: Path, intake: Intake) -> None:
    write_vqa(dataset, images=30)
    assert not (intake(model="nova-lite", notifications={"language": "en"}).folder / VIETNAMESE).exists()
    (dataset / "questions.csv").write_text("question,answer\n" + "What is it?,a thing\n" * 9, "utf-8")
    assert not (intake(model="nova-lite").folder / VIETNAMESE).exists()
    found = intake(model="nova-lite", notifications={"language": "vi"})
    assert "Bộ dữ liệu dùng được: " in (found.folder / VIETNAMESE).read_text("utf-8")
