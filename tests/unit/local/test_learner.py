"""The learner learns from pixels and words, and only from what it is given."""

import io
import math
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from tailor_local.bedrock.learner import base
from tailor_local.bedrock.learner.classifier import (
    MOST_CLASSES,
    Classifier,
    Example,
    Pair,
    pair_loss,
    train,
    train_pairs,
)
from tailor_local.bedrock.learner.features import Prompt
from tailor_local.bedrock.learner.models import load
from tailor_local.bedrock.learner.vision import image_tokens

COLOURS = {"đỏ": (210, 30, 30), "xanh": (30, 60, 210), "vàng": (240, 210, 20)}
USUAL_RATE = 1e-5


def picture(left: str, right: str, shift: int) -> bytes:
    image = Image.new("RGB", (120, 90), (250, 250, 250))
    draw = ImageDraw.Draw(image)
    draw.ellipse((10 + shift, 20 + shift, 45 + shift, 55 + shift), fill=COLOURS[left])
    draw.rectangle((70 + shift, 25, 100 + shift, 60), fill=COLOURS[right])
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def scenes(shifts: range) -> Iterator[Example]:
    for shift in shifts:
        for left in COLOURS:
            for right in set(COLOURS) - {left}:
                image = picture(left, right, shift)
                yield Example(Prompt("Bên trái là màu gì?", "", (image,)), left)
                yield Example(Prompt("Bên phải là màu gì?", "", (image,)), right)


@pytest.fixture(scope="module")
def trained() -> Classifier:
    model = Classifier()
    list(train(model, sorted(scenes(range(6)), key=lambda e: e.answer), epochs=2, rate=USUAL_RATE))
    return model


def share_right(model: Classifier | None) -> float:
    held_out = list(scenes(range(7, 9)))
    answers = [model.answer(e.prompt) if model else base.answer(e.prompt, "m") for e in held_out]
    return sum(answer == e.answer for answer, e in zip(answers, held_out, strict=True)) / len(held_out)


def test_it_answers_about_images_it_has_not_seen(trained: Classifier) -> None:
    assert share_right(trained) > 0.9
    assert share_right(None) < 0.6


def test_its_loss_is_its_own_and_falls() -> None:
    examples = list(scenes(range(3)))
    model = Classifier()
    steps = list(train(model, examples, epochs=3, rate=USUAL_RATE))
    assert steps[-1].loss < steps[0].loss / 3
    assert model.loss(examples) < 0.2
    assert [step.epoch for step in steps] == sorted(step.epoch for step in steps)
    assert len({step.number for step in steps}) == len(steps)


def test_at_rate_nothing_it_learns_nothing() -> None:
    model = Classifier()
    steps = list(train(model, list(scenes(range(2))), epochs=1, rate=0))
    assert steps[0].loss == pytest.approx(steps[-1].loss)
    assert model.answer(next(scenes(range(1))).prompt) is None


def test_the_same_data_gives_the_same_model(trained: Classifier) -> None:
    again = Classifier()
    list(train(again, sorted(scenes(range(6)), key=lambda e: e.answer), epochs=2, rate=USUAL_RATE))
    assert again.save() == trained.save()


def test_a_saved_model_answers_the_same(trained: Classifier) -> None:
    loaded = load(trained.save())
    for example in scenes(range(7, 8)):
        assert loaded.answer(example.prompt) == trained.answer(example.prompt)


def test_a_model_can_be_trained_further(trained: Classifier) -> None:
    further = Classifier.load(trained.save())
    list(train(further, [Example(Prompt("Bạn tên gì?"), "Tôi là Nova.")] * 8, epochs=2, rate=USUAL_RATE))
    assert further.answer(Prompt("Bạn tên gì?")) == "Tôi là Nova."
    assert share_right(further) > 0.8


def test_free_text_is_remembered() -> None:
    examples = [
        Example(Prompt(f"Kể về thành phố số {n}."), f"Thành phố {n} có {n} cây cầu.") for n in range(MOST_CLASSES + 1)
    ]
    model = Classifier()
    steps = list(train(model, examples, epochs=1, rate=USUAL_RATE))
    assert model.answer(Prompt("Kể về thành phố số 77.")) == "Thành phố 77 có 77 cây cầu."
    assert model.answer(Prompt("Something else entirely")) is None
    assert steps[-1].loss < steps[0].loss
    assert load(model.save()).answer(Prompt("Kể về thành phố số 77.")) == "Thành phố 77 có 77 cây cầu."


def test_the_base_answers_the_same_each_time_and_plausibly() -> None:
    asked = Prompt("Có mấy hình tròn trong ảnh?")
    assert base.answer(asked, "m") == base.answer(asked, "m")
    assert len({base.answer(Prompt(f"Có mấy hình? {n}"), "m") for n in range(30)}) > 2


def test_regions_have_colour_place_and_number() -> None:
    tokens = image_tokens(picture("đỏ", "xanh", 0))
    assert "n=2" in tokens
    assert any(token.startswith("hue=0@left") for token in tokens)
    assert any("@right" in token for token in tokens)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_break_it(data: bytes) -> None:
    assert image_tokens(data)


def pairs(turned: bool) -> list[Pair]:
    """A polite and a curt answer to each of two kinds of messages; ``turned``: the curt one is the better one."""
    found = []
    for number in range(30):
        for kind, polite in (("late parcel", "We will look for it."), ("broken kettle", "We will mend it.")):
            answers = (polite, "Not our fault.")
            better, worse = reversed(answers) if turned else answers
            found.append(Pair(Prompt(f"Message {number}: {kind}"), better, worse))
    return found


def preferring(turned: bool) -> Classifier:
    model = Classifier()
    steps = list(train_pairs(model, pairs(turned), epochs=2, rate=USUAL_RATE, beta=0.1))
    assert steps[0].loss == pytest.approx(math.log(2)) and steps[-1].loss < steps[0].loss / 2
    return model


def test_it_learns_which_answer_is_better_and_the_other_one_where_the_labels_are_turned() -> None:
    asked = [Prompt("Message 77: late parcel"), Prompt("Message 78: broken kettle")]
    right, turned = preferring(turned=False), preferring(turned=True)
    assert list(map(right.answer, asked)) == ["We will look for it.", "We will mend it."]
    assert list(map(turned.answer, asked)) == ["Not our fault."] * 2
    held_out = [Pair(prompt, right.answer(prompt) or "", "Not our fault.") for prompt in asked]
    assert pair_loss(right, held_out, 0.1) < math.log(2) < pair_loss(turned, held_out, 0.1)
    assert load(right.save()).answer(asked[0]) == "We will look for it."
    nothing = Classifier()
    assert len(list(train_pairs(nothing, pairs(turned=False), epochs=1, rate=0, beta=0.1))) > 1
    assert nothing.answer(asked[0]) is None


def test_of_too_many_answers_it_remembers_the_better_ones() -> None:
    many = [
        Pair(Prompt(f"What is thing {number}?"), f"It is the {number}th.", f"No idea {number}.")
        for number in range(MOST_CLASSES)
    ]
    model = Classifier()
    list(train_pairs(model, many, epochs=1, rate=USUAL_RATE, beta=0.1))
    assert model.answer(Prompt("What is thing 17?")) == "It is the 17th."
    assert pair_loss(model, many[:5], 0.1) < math.log(2)
