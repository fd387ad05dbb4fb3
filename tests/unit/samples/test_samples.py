"""The sample datasets: the same bytes every time, correct Vietnamese text, and answers that can be learnt."""

import csv
import hashlib
import json
import subprocess
import sys
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from samples import arithmetic, manuals, scenes, support
from samples.generate import WRITERS, generate
from tailor.recipe import Recipe

ROOT = Path(__file__).parents[3]
ANSWERS = (
    {f"màu {colour}" for colour in scenes.COLOURS}
    | set(scenes.SHAPES)
    | set(scenes.NUMBERS)
    | {"bên trái", "bên phải", "phía trên", "phía dưới", "có", "không"}
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("scenes")
    generate(out)
    return out


@pytest.fixture(scope="module")
def questions(folder: Path) -> list[dict[str, str]]:
    with (folder / "questions.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def digest(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("method", WRITERS)
def test_same_arguments_give_the_same_bytes_in_another_process(method: str, tmp_path: Path) -> None:
    generate(tmp_path / "here", method, 40)
    command = [sys.executable, "-m", "samples.generate", str(tmp_path / "there"), "--method", method, "--rows", "40"]
    subprocess.run(command, cwd=ROOT, check=True)
    assert digest(tmp_path / "here") == digest(tmp_path / "there")


@pytest.mark.parametrize("method", WRITERS)
def test_recipe_is_valid_and_for_the_method(method: str, tmp_path: Path) -> None:
    generate(tmp_path, method, 5)
    assert Recipe.parse((tmp_path / "tailor.yaml").read_bytes()).method == method


@pytest.mark.parametrize("count", ["0", "100000"])
def test_too_few_or_too_many_rows_are_refused_in_words(count: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "samples.generate", str(tmp_path), "--method", "distillation", "--rows", count]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert count in done.stderr


def test_every_scene_has_an_image_and_three_questions(folder: Path, questions: list[dict[str, str]]) -> None:
    per_image = Counter(row["image"] for row in questions)
    assert len(per_image) == 400
    assert set(per_image.values()) == {3}
    assert all((folder / name).is_file() for name in per_image)


def test_no_two_images_are_alike_and_all_open(folder: Path) -> None:
    pixels = set()
    for path in (folder / "images").iterdir():
        with Image.open(path) as image:
            assert image.size == (scenes.WIDTH, scenes.HEIGHT)
            assert image.format == "PNG"
            pixels.add(image.tobytes())
    assert len(pixels) == 400


def test_text_is_composed_vietnamese(questions: list[dict[str, str]]) -> None:
    for row in questions:
        assert unicodedata.is_normalized("NFC", row["question"] + row["answer"])
        assert row["question"].endswith("?")
        assert row["question"][0].isupper()
    assert {row["answer"] for row in questions} == ANSWERS
    assert {row["type"] for row in questions} == {"colour", "shape", "position", "count", "yes-no"}


def test_no_answer_is_common_enough_to_guess(questions: list[dict[str, str]]) -> None:
    answers = Counter(row["answer"] for row in questions)
    assert answers.most_common(1)[0][1] < 0.2 * len(questions)
    yes, no = answers["có"], answers["không"]
    assert abs(yes - no) < 0.15 * (yes + no)


def test_a_longer_dataset_begins_with_a_shorter_one() -> None:
    assert list(scenes.scenes(40))[:8] == list(scenes.scenes(8))


def test_shapes_stay_inside_the_image_and_apart() -> None:
    for scene in scenes.scenes(400):
        for shape in scene.shapes:
            reach = shape.radius * (1.15 if shape.kind == "hình ngôi sao" else 1)
            assert reach <= shape.x <= scenes.WIDTH - reach
            assert reach <= shape.y <= scenes.HEIGHT - shape.radius


def test_answers_agree_with_what_is_drawn() -> None:
    for scene in scenes.scenes(200):
        colours = {shape.colour for shape in scene.shapes}
        kinds = {shape.kind for shape in scene.shapes}
        for question in scene.questions:
            if question.type == "colour":
                assert question.answer.removeprefix("màu ") in colours
            elif question.type == "shape":
                assert question.answer in kinds
            elif question.type == "count":
                assert question.answer == scenes.NUMBERS[len(scene.shapes) - 1]
            elif question.type == "position":
                colour = next(name for name in scenes.COLOURS if f"màu {name} " in question.text)
                asked = next(shape for shape in scene.shapes if shape.colour == colour)
                other = next(shape for shape in scene.shapes if shape.colour != colour)
                where = "bên trái" if asked.x < other.x else "bên phải"
                if "phía" in question.text:
                    where = "phía trên" if asked.y < other.y else "phía dưới"
                assert question.answer == where
            else:
                seen = any(f" {name} " in question.text for name in colours | kinds)
                assert question.answer == ("có" if seen else "không")


def colour_grid(png: Path) -> list[float]:
    with Image.open(png) as image:
        small = image.convert("RGB").resize((8, 6), Image.Resampling.BOX)
        return [value / 255 for value in small.tobytes()]


def test_answers_can_be_learnt_from_pixels(folder: Path) -> None:
    """The nearest image with the same question, by a coarse colour grid, beats the question's commonest answer."""
    drawn = list(scenes.scenes(400))
    grids = {scene.number: colour_grid(folder / "images" / scene.file_name) for scene in drawn}
    known: dict[str, list[tuple[int, str]]] = {}
    for scene in drawn[:320]:
        for question in scene.questions:
            known.setdefault(question.text, []).append((scene.number, question.answer))
    by_pixels = by_question = asked = 0
    for scene in drawn[320:]:
        mine = grids[scene.number]
        for question in scene.questions:
            seen = known.get(question.text, [])
            if not seen:
                continue
            asked += 1
            distance = {
                number: sum((a - b) ** 2 for a, b in zip(mine, grids[number], strict=True)) for number, _ in seen
            }
            by_pixels += min(seen, key=lambda entry: distance[entry[0]])[1] == question.answer
            by_question += Counter(answer for _, answer in seen).most_common(1)[0][0] == question.answer
    assert asked > 200
    assert by_pixels / asked > by_question / asked + 0.2


def test_support_messages_differ_and_departments_are_balanced() -> None:
    rows = list(support.rows(400))
    assert len({row["prompt"] for row in rows}) == 400
    assert set(Counter(row["completion"] for row in rows).values()) == {80}
    assert all(unicodedata.is_normalized("NFC", row["prompt"]) for row in rows)


def test_arithmetic_answers_are_right() -> None:
    rows = list(arithmetic.rows(400))
    assert len({row["messages"][-1]["content"] for row in rows}) == 400
    solve = {
        "addition": lambda a, b: a + b,
        "subtraction": lambda a, b: a - b,
        "multiplication": lambda a, b: a * b,
        "division": lambda a, b: a // b,
    }
    for row in rows:
        text = row["messages"][-1]["content"]
        first, second = (int(word) for word in text.replace(",", " ").split() if word.isdigit())
        assert row["reference_answer"] == str(solve[row["type"]](first, second))
        assert int(row["reference_answer"]) > 0


def test_manuals_differ_and_are_documents_of_some_length() -> None:
    texts = [row["text"] for row in manuals.rows(400)]
    assert len(set(texts)) == 400
    assert all(80 <= len(text.split()) <= 160 for text in texts)
    assert unicodedata.is_normalized("NFC", json.dumps(texts, ensure_ascii=False))
