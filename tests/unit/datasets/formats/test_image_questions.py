"""The first use of all: Vietnamese questions about images, as tables or JSON, with a folder or an archive of images."""

import json
from pathlib import Path

import pytest

from tailor.recipe import Columns, Data
from tests.unit.datasets.support import PIXEL, codes, examples, open_dataset, rejections, texts, zipped


def test_csv_with_a_folder_of_images(tmp_path: Path) -> None:
    table = "image,question,answer\n017.png,Hình tròn màu gì?,đỏ\n018.png,Có mấy hình?,3\n"
    reader = open_dataset(tmp_path, {"questions.csv": table, "images/017.png": PIXEL, "images/018.png": PIXEL})

    first, second = examples(reader)

    assert texts(first) == ["<017.png> Hình tròn màu gì?", "đỏ"]
    assert (first.file, first.line, second.line) == ("questions.csv", 2, 3)
    assert second.references == ["3"]
    found = reader.media.resolve("017.png")
    assert found is not None
    assert (found.name, found.stored, found.read()) == ("images/017.png", True, PIXEL)


@pytest.mark.parametrize(
    "header", ["img_id,question,answer,type", "mã ảnh,câu hỏi,câu trả lời,loại", "ANH,Cau Hoi,Dap An,Loai"]
)
def test_column_names_are_guessed_and_said(tmp_path: Path, header: str) -> None:
    reader = open_dataset(tmp_path, {"train.csv": f"{header}\n393271,màu gì,xanh,2\n"})

    (example,) = examples(reader)

    assert texts(example) == ["<393271> màu gì", "xanh"]
    assert example.category == "2"
    assert "columns-guessed" in codes(reader)


def test_recipe_names_the_columns(tmp_path: Path) -> None:
    columns = Columns(question="frage", answer="antwort", image="bild")
    reader = open_dataset(tmp_path, {"d.csv": "bild,frage,antwort\na.png,wer,ich\n"}, data=Data(columns=columns))

    (example,) = examples(reader)

    assert texts(example) == ["<a.png> wer", "ich"]


def test_a_column_that_the_recipe_names_in_vain(tmp_path: Path) -> None:
    data = Data(columns=Columns(question="qestion"))
    reader = open_dataset(tmp_path, {"d.csv": "question,answer\nwho,me\n"}, data=data)

    (finding,) = [finding for finding in reader.findings if finding.code == "unknown-column"]

    assert finding.severity == "error"
    assert "'question'" in finding.fix


def test_json_rows_with_a_zip_of_images(tmp_path: Path) -> None:
    rows = [{"question": "màu gì?", "answer": "đỏ", "image_name": "COCO_val2014_000000000042.jpg", "image_id": 42}]
    images = zipped({"images/COCO_val2014_000000000042.jpg": PIXEL, "__MACOSX/._x": b"junk"})
    reader = open_dataset(tmp_path, {"train.json": json.dumps(rows), "images.zip": images})

    (example,) = examples(reader)
    found = reader.media.resolve("COCO_val2014_000000000042.jpg")

    assert texts(example)[0] == "<COCO_val2014_000000000042.jpg> màu gì?"
    assert found is not None
    assert (found.stored, found.read(1, 3), found.size) == (False, b"PNG", len(PIXEL))
    assert reader.media.resolve("42") == found


def test_a_row_without_question_answer_or_image_is_listed_with_every_reason(tmp_path: Path) -> None:
    reader = open_dataset(tmp_path, {"d.csv": "image,question,answer\n,,x\na.png,who,\n"})

    first, second = rejections(reader)

    assert [finding.code for finding in first.findings] == ["media-missing", "question-missing"]
    assert [finding.code for finding in second.findings] == ["answer-missing"]
    assert (first.line, first.raw) == (2, ",,x")
