"""Which column holds what: as the recipe says, else guessed from the usual names in English and Vietnamese."""

import difflib
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from tailor.datasets.notes import Notes
from tailor.recipe import Columns

UNNAMED: Final = "column "
"""Begins the names of columns that have none: ``column 1``, …"""
PARTS: Final = ("question", "answer", "context", "image", "video", "system", "group", "category", "split", "id")
_GUESSED: Final = (*PARTS, "impossible")
"""Parts that have a usual name; not all can be named in a recipe."""

_FILE_NAME: Final = re.compile(r"\S[^\n]*\.(?:png|jpe?g|gif|webp|bmp|tiff?)", re.IGNORECASE)

# In the order of preference. Compared without case, accents and punctuation.
_LIKELY: Final[dict[str, tuple[str, ...]]] = {
    "question": (
        "question", "questions", "question_text", "query", "user_query", "prompt", "instruction", "user", "input",
        "question_vi", "question_en", "q", "câu hỏi", "nội dung câu hỏi", "hỏi", "cauhoi", "đề bài", "yêu cầu",
    ),
    "answer": (
        "answer", "answers", "multiple_choice_answer", "answer_text", "response", "completion", "output", "label",
        "target", "gold", "gold_answer", "ground_truth", "reference", "reference_answer", "expected", "assistant",
        "answer_vi", "answer_en", "a", "câu trả lời", "trả lời", "đáp án", "traloi", "dapan", "kết quả", "nhãn",
    ),
    "context": ("context", "passage", "paragraph", "ngữ cảnh", "đoạn văn"),
    "image": (
        "image", "images", "image_path", "img_path", "image_file", "image_name", "img_name", "file_name", "filename",
        "image_url", "img", "picture", "photo", "image_id", "img_id", "ảnh", "hình", "hình ảnh", "tên ảnh", "tệp ảnh",
        "file ảnh", "đường dẫn ảnh", "mã ảnh", "id ảnh",
    ),
    "video": ("video", "videos", "video_path", "video_file", "video_name", "clip", "phim", "tên video"),
    "system": ("system", "system_prompt", "system_message", "lời nhắc hệ thống"),
    "group": ("group", "group_id", "document_id", "doc_id", "conversation_id", "session_id", "nhóm dữ liệu"),
    "category": (
        "category", "type", "question_type", "qa_type", "answer_type", "topic", "task", "loại", "loại câu hỏi", "nhóm",
        "chủ đề",
    ),
    "split": ("split", "subset", "partition", "tập", "tập dữ liệu"),
    "id": ("id", "question_id", "qid", "row_id", "prompt_id", "sample_id", "example_id", "mã", "mã câu hỏi"),
    "impossible": ("is_impossible", "unanswerable", "is_unanswerable"),
}  # fmt: skip


@cache
def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFD", name.casefold().replace("đ", "d"))
    return re.sub(r"[^a-z0-9]", "", letters)


@cache
def _all_likely() -> frozenset[str]:
    return frozenset(_plain(name) for names in _LIKELY.values() for name in names)


def is_likely(name: str) -> bool:
    """Whether people call a column so."""
    return _plain(name) in _all_likely()


def candidates(part: str, names: Sequence[str]) -> list[str]:
    """The columns that may hold ``part``, the likeliest first."""
    plain = {_plain(name): name for name in reversed(names)}
    found = dict.fromkeys(plain[likely] for likely in map(_plain, _LIKELY[part]) if likely in plain)
    return list(found)


def choose(
    wanted: Columns, names: Sequence[str], rows: Sequence[Mapping[str, Any]], is_file: Callable[[str], bool]
) -> dict[str, str]:
    """Part to column. What the recipe names is taken where it exists, the rest is guessed; no column serves twice.
    Of several columns that may name images, the one whose values are files of the dataset is taken."""
    chosen: dict[str, str] = {}
    for part in PARTS:
        name = getattr(wanted, part)
        if name in names:
            chosen[part] = name
    if not chosen and all(name.startswith(UNNAMED) for name in names):
        return _by_content(names, rows, is_file)
    for part in _GUESSED:
        if part not in chosen:
            free = [name for name in candidates(part, names) if name not in chosen.values()]
            if part in ("image", "video"):
                free.sort(key=lambda name: -sum(is_file(str(row.get(name))) for row in rows[:20]))
            if free:
                chosen[part] = free[0]
    return chosen


def _by_content(
    names: Sequence[str], rows: Sequence[Mapping[str, Any]], is_file: Callable[[str], bool]
) -> dict[str, str]:
    """Of a table without names: a column of file names holds images; two others hold question and answer."""
    chosen: dict[str, str] = {}
    for name in names:
        values = [str(row.get(name)) for row in rows[:20]]
        if values and all(_FILE_NAME.fullmatch(value) or is_file(value) for value in values):
            chosen["image"] = name
            break
    others = [name for name in names if name not in chosen.values()]
    if len(others) == 2:
        chosen["question"], chosen["answer"] = others
    return chosen


def report(wanted: Columns, names: Sequence[str], chosen: dict[str, str], file: str, notes: Notes) -> None:
    """Says what was guessed, what the recipe names in vain and what is not used."""
    for part in PARTS:
        name = getattr(wanted, part)
        if name is not None and name not in names:
            near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
            known = ", ".join(repr(known) for known in names[:20])
            fix = f"did you mean {near[0]!r}?" if near else f"the columns are {known}"
            message = f"the recipe's data.columns.{part} is {name!r}, but there is no such column"
            notes.add("unknown-column", "error", file, message, fix, path=name)
    guessed = [f"{part} from {name!r}" for part, name in chosen.items() if getattr(wanted, part, None) is None]
    if guessed:
        message = f"columns are taken by their names: {', '.join(guessed)}"
        notes.add("columns-guessed", "info", file, message, "if that is wrong, name them in the recipe's data.columns")
    unused = [name for name in names if name not in chosen.values()]
    if unused:
        message = f"columns that are not used: {', '.join(repr(name) for name in unused[:20])}"
        notes.add("columns-unused", "info", file, message, "if one is meant for training, name it in data.columns")
