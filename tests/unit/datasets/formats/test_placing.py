"""Pictures go to their places, in every format; no tag stays in a text."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailor.datasets.example import Media, Text, Turn
from tailor.datasets.formats.base import Context
from tailor.datasets.formats.placing import place
from tailor.findings import Finding, FindingTally
from tailor.recipe import Data
from tests.unit.datasets.support import PIXEL, codes, examples, open_dataset, rejections, texts

TURN = {"role": "assistant", "content": "x"}


def asked(content: Any, **row: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content}, TURN], **row}


def opened(folder: Path, *rows: dict[str, Any], **more: bytes | str) -> Any:
    media: dict[str, bytes | str] = {f"img/{name}.png": PIXEL for name in "abc"}
    return open_dataset(folder, {"d.jsonl": "".join(f"{json.dumps(row)}\n" for row in rows), **media, **more})


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        (asked("So <image> or\n<image>?", images=["img/b.png", "img/a.png"]), "So <img/b.png> or <img/a.png> ?"),
        (asked("<image 2> or <image 1>?", images=["img/a.png", "img/b.png"]), "<img/b.png> or <img/a.png> ?"),
        (asked("<|image_1|>\nWhat?", images=["img/a.png"]), "<img/a.png> What?"),
        (asked("<|image|>What?", image="img/a.png"), "<img/a.png> What?"),
        (asked("Picture 1: <img>img/a.png</img>\nPicture 2: <img>img/b.png</img>\n?"), "<img/a.png> <img/b.png> ?"),
        (asked("<|vision_start|><|image_pad|><|vision_end|>What?", images=["img/a.png"]), "<img/a.png> What?"),
        (asked("See <image 1>. Is <image 1> red?", images=["img/a.png"]), "See <img/a.png> . Is image 1 red?"),
        (asked([{"type": "text", "text": "What?"}, {"type": "image"}], images=["img/a.png"]), "What? <img/a.png>"),
        (
            asked([{"type": "image", "index": 1, "text": None}, {"type": "image", "index": 0}, "What?"],
                  images=["img/a.png", "img/b.png"]),
            "<img/b.png> <img/a.png> What?",
        ),
        (asked([{"type": "text", "text": "What?"}], images=None), "What?"),
        (asked([{"type": "image_url", "image_url": "img/a.png"}, "What?"], image="img/a.png"), "<img/a.png> What?"),
        (asked([{"type": "image_url", "image_url": "img/a.png"}, "What is <image>?"]), "What is <img/a.png> ?"),
        (asked("What?", imgs=["img/a.png"]), "<img/a.png> What?"),
        ({"instruction": "<image>What?", "input": "", "output": "x", "images": ["img/a.png"]}, "<img/a.png> What?"),
        ({"prompt": "<image>What?", "completion": "x", "images": ["img/a.png"]}, "<img/a.png> What?"),
        ({"question": "<image>\nWhat?", "answer": "x", "file_path": "img/a.png"}, "<img/a.png> What?"),
        ({"question": "What?", "answer": "x", "before": "a.png", "after": "b.png"}, "<a.png> <b.png> What?"),
        ({"question": "What?", "answer": "x", "images": "a.png, b.png"}, "<a.png> <b.png> What?"),
        ({"question": '<img src="img/a.png" width=9> What?', "answer": "x"}, "<img/a.png> What?"),
        ({"question": "![a](img/a.png) or ![z](z.png)?", "answer": "x"}, "<img/a.png> or ![z](z.png)?"),
        ({"question": "<image_00>?", "answer": "x", "image": {"<image_00>": "img/b.png"}}, "<img/b.png> ?"),
        ({"messages": [{"role": "user", "content": "<image>?", "images": ["img/b.png"]}, TURN]}, "<img/b.png> ?"),
        ({"question": "<image 1>?", "answer": "x", "image_1": "a.png", "image_2": None}, "<a.png> ?"),
        ({"question": "What?", "answer": "x", "file_name": "a.png", "url": "http://x.vn/p/a.png"}, "<a.png> What?"),
    ],
)  # fmt: skip
def test_each_picture_goes_to_its_place(tmp_path: Path, row: dict[str, Any], shown: str) -> None:
    (example,) = examples(opened(tmp_path, row))
    assert texts(example) == [shown, "x"]


@pytest.mark.parametrize(
    ("row", "code", "said"),
    [
        (asked("<image>What?", images=["img/a.png", "img/b.png"]), "media-count", "1 places for media, but 2 media"),
        (asked("<image><image>?", images=["img/a.png"]), "media-count", "2 places for media, but 1 media"),
        (asked("<image>What?"), "media-count", "names no file"),
        (asked([{"type": "image"}, "What?"]), "media-count", "names no file"),
        (asked("<audio>What?"), "audio-not-supported", "about audio"),
        (asked("What?", audios=["a.mp3"]), "audio-not-supported", "about audio"),
        ({"question": "What?", "answer": "x", "clip": "a.wav"}, "audio-not-supported", "about audio"),
        ({"question": "<image> and <image>?", "answer": "x", "image": "a.png"}, "media-count", "2 places"),
    ],
)
def test_what_can_not_be_placed_is_refused(tmp_path: Path, row: dict[str, Any], code: str, said: str) -> None:
    (rejected,) = rejections(opened(tmp_path, row))
    assert [found.code for found in rejected.findings] == [code]
    assert said in rejected.findings[0].message


def test_a_tag_that_the_text_is_about_stays(tmp_path: Path) -> None:
    row = {"question": "What does <img> do beside <video> in HTML?", "answer": "x"}
    (example,) = examples(open_dataset(tmp_path, {"d.jsonl": json.dumps(row)}))
    assert texts(example)[0] == row["question"]


def test_other_files_beside_the_parts_are_told(tmp_path: Path) -> None:
    reader = opened(tmp_path, asked([{"type": "image_url", "image_url": "img/a.png"}, "What?"], image="img/b.png"))
    (example,) = examples(reader)
    assert texts(example)[0] == "<img/a.png> What?"
    assert "media-beside-parts" in codes(reader)


TAGS = st.sampled_from(
    ["<image>", "<|image|>", "<image 1>", "<image 2>", "<|image_3|>", "<video>", "chữ", " ", "<", "\n"]
)


@settings(deadline=None)
@given(st.lists(TAGS, max_size=8).map("".join), st.integers(0, 3))
def test_all_media_are_shown_and_no_tag_is_left_or_it_is_said(text: str, count: int) -> None:
    media = [Media("image", ref=f"{number}.png") for number in range(count)]
    turns, problems = [Turn("user", [Text(text)])], list[Finding]()
    place(turns, list(media), problems, Context("d", "fine-tuning", Data(), FindingTally(), shows=True), 1)
    shown = [block for block in turns[0].blocks if isinstance(block, Media)]
    left = "".join(block.text for block in turns[0].blocks if isinstance(block, Text))
    assert problems or (sorted(str(block.ref) for block in shown) == [f"{number}.png" for number in range(count)])
    assert problems or not any(tag in left for tag in ("<image", "<|image", "<video"))


def test_an_answer_that_names_a_picture_stays_an_answer(tmp_path: Path) -> None:
    row = {"image": "a.png", "question": "Which is like it?", "answer": "b.png"}
    (example,) = examples(opened(tmp_path, row))
    assert texts(example) == ["<a.png> Which is like it?", "b.png"]
