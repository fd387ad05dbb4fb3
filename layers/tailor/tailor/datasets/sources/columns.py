"""Map fields to columns: as the recipe says, or else by the usual names in English and Vietnamese."""

import difflib
import re
import string
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from tailor.datasets.sources.choice_columns import choice_columns, choice_fields, fitting, right_columns
from tailor.datasets.sources.column_kinds import holds_texts, is_prose, is_query
from tailor.datasets.sources.names import bare, plain_name
from tailor.datasets.sources.options import LISTED
from tailor.findings import FindingTally, finding
from tailor.recipe import Columns

UNNAMED: Final = "column "
"""Prefix of names for columns without one: ``column 1``, …"""
FIELDS: Final = ("question", "answer", "context", "image", "video", "system", "group", "category", "split", "id")
MOST_NAMES: Final = 1000
"""With more columns than this, which are keys that contain data, only the first are examined."""
_GUESSED: Final = (*FIELDS, "impossible")
"""Fields that have usual names; not all can be named in a recipe."""

_FILE_NAME: Final = re.compile(r"\S[^\n]*\.(?:png|jpe?g|gif|webp|bmp|tiff?)(?:#\d+)?", re.IGNORECASE)

_PREMISES: Final = ("premise", "story", "background", "support", "hint", "boicanh")
"""Passages that a question may depend on, in addition to the usual names of passages."""
_QUERIES: Final = ("query", "sql", "sql_query", "cypher", "sparql")
# In the order of preference. Compared without case, accents and punctuation.
_LIKELY: Final[dict[str, tuple[str, ...]]] = {
    "question": (
        "question", "questions", "question_text", "question_string", "question_stem", "query", "user_query", "prompt",
        "instruction", "user", "user_input", "input", "problem", "question_vi", "question_en", "input_text",
        "text_input", "ctx", "q", "câu hỏi", "nội dung câu hỏi", "hỏi", "cauhoi", "đề bài", "yêu cầu", "prefix",
    ),
    "answer": (
        "ground_truth", "ground_truths", "answer", "best_answer", "accepted_answer", "answers",
        "multiple_choice_answer", "answer_text", "answer_key", "correct_answer", "đáp án đúng", "câu trả lời đúng",
        "correct_option", "correct_choice", "correct_choice_idx", "ideal", "ideal_answer", "gold_answer", "gold",
        "reference_answer", "expected_answer", "expected_output", "expected_response", "expected", "response",
        "completion", "output", "label_text", "label_name", "class_name", "label", "target", "reference", "assistant",
        "answer_vi", "answer_en", "a", "câu trả lời", "trả lời", "đáp án", "traloi", "dapan", "kết quả", "nhãn",
        "correct_answers", "answer_index", "answer_idx", "correct_index", "correct_answer_index", "cop", "solution",
        "generated_solution", "highlights", "summary", "tóm tắt", "output_text", "reference_response", "suffix",
    ),
    "context": (
        "context", "passage", "paragraph", "article", "contexts", "retrieved_contexts", "ngữ cảnh", "đoạn văn",
    ),
    "image": (
        "image", "images", "image_path", "img_path", "image_file", "image_name", "img_name", "file_name", "filename",
        "image_url", "img", "picture", "photo", "image_id", "img_id", "ảnh", "hình", "hình ảnh", "tên ảnh", "tệp ảnh",
        "file ảnh", "đường dẫn ảnh", "mã ảnh", "id ảnh", "photo_id", "picture_id", "image_index",
    ),
    "video": ("video", "videos", "video_path", "video_file", "video_name", "clip", "phim", "tên video"),
    "system": ("system", "system_prompt", "system_message", "lời nhắc hệ thống"),
    "group": ("group", "group_id", "document_id", "doc_id", "conversation_id", "session_id", "nhóm dữ liệu"),
    "category": (
        "category", "type", "question_type", "qa_type", "answer_type", "topic", "subject", "task", "loại",
        "loại câu hỏi", "nhóm", "chủ đề",
    ),
    "split": ("split", "subset", "partition", "tập", "tập dữ liệu"),
    "id": ("id", "question_id", "qid", "row_id", "prompt_id", "sample_id", "example_id", "mã", "mã câu hỏi"),
    LISTED: (
        "choices", "options", "answer_choices", "endings", "các lựa chọn", "lựa chọn", "phương án", "các phương án",
    ),
    "caption": ("caption", "captions", "sentences", "comment", "description", "text", "texts", "chú thích", "mô tả"),
    "impossible": ("is_impossible", "unanswerable", "is_unanswerable"),
}  # fmt: skip


@cache
def _all_likely() -> frozenset[str]:
    return frozenset(plain_name(name) for names in _LIKELY.values() for name in names)


def is_likely(name: str) -> bool:
    """Return whether the name is usual for a column of this field."""
    return plain_name(bare(name)) in _all_likely()


def candidates(field: str, names: Sequence[str]) -> list[str]:
    """Return the columns that may contain ``field``, most likely first."""
    plain = {plain_name(bare(name)): name for name in reversed(names[:MOST_NAMES])}
    if any("." in name for name in names):  # ``inputs.question``
        plain = {
            plain_name(name.rpartition(".")[2]): name for name in reversed(names[:MOST_NAMES]) if "." in name
        } | plain
    return list(dict.fromkeys(plain[likely] for likely in _plain_likely(field) if likely in plain))


@cache
def _plain_likely(field: str) -> list[str]:
    return list(map(plain_name, _LIKELY[field]))


def resolved(wanted: Columns, names: Sequence[str]) -> Columns:
    """Return the columns that a recipe names, as the file spells them; case and the encoding of accents do not
    matter."""
    known = {_folded(name): name for name in reversed(names)}

    def as_written(name: Any) -> Any:
        if isinstance(name, list):
            return [as_written(each) for each in name]
        return known.get(_folded(name), name) if isinstance(name, str) and name not in names else name

    found = {field: as_written(name) for field, name in wanted.model_dump().items()}
    return wanted if found == wanted.model_dump() else wanted.model_copy(update=found)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold().strip()


def choose(
    wanted: Columns,
    names: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    is_file: Callable[[str], bool],
    shown: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """Map fields to columns: those that the recipe names if they exist, the rest guessed.

    No column serves twice. ``shown`` are the columns whose values are files of the dataset, and what they show; of
    others that may name images by their usual names, the one that names most files (by ``is_file``) is taken."""
    named: dict[str, str] = {}
    for field in FIELDS:
        name = getattr(wanted, field)
        if name in names:
            named[field] = name
    named |= choice_fields([name for name in _listed(wanted) if name in names])
    if not named and all(name.startswith(UNNAMED) for name in names):
        return _by_content(names, rows, is_file)
    chosen = named
    others = [name for name in names if name not in named.values()]
    # Columns A and B may be a question and its answer.
    for choices in (choice_columns(others, rows, named.get("answer")), {}):
        chosen = named if _listed(wanted) else {**choices, **named}
        for field in _GUESSED:
            if field not in chosen:
                free = [name for name in candidates(field, names) if name not in chosen.values() and name not in shown]
                if field in ("image", "video"):
                    free.sort(key=lambda name: -sum(is_file(str(row.get(name))) for row in rows[:20]))
                    free = [name for name, kind in shown.items() if kind == field] + free
                if field == "answer" and choices:
                    free += [name for name in right_columns(others) if name not in (*free, *chosen.values())]
                    free.sort(key=lambda name: -fitting(name, choices, rows))
                if free:
                    chosen = chosen | {field: free[0]}
        if choices:
            chosen = chosen | _asked(chosen, names, rows)
        if "question" in chosen:
            break
    return chosen | _by_need(chosen, names, rows)


def _asked(chosen: dict[str, str], names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Map the question if there are choices and an answer, and one column of prose is left."""
    if "question" in chosen or "answer" not in chosen:
        return {}
    prose = [name for name in names if name not in chosen.values() and is_prose(rows, name)]
    return {"question": prose[0]} if len(prose) == 1 else {}


def _by_need(chosen: dict[str, str], names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Map what is missing if the others imply it: queries that answer questions, captions of pictures."""
    free = [name for name in names if name not in chosen.values()]
    queries = [name for name in _QUERIES if name in free and is_query(rows, name)]
    if queries and "question" in chosen and "answer" not in chosen:
        return {"answer": queries[0]}
    if chosen.keys() & {"image", "video"} and not chosen.keys() & {"question", "answer"}:
        captions = candidates("caption", free) or _like_captions(free, rows)
        return {"caption": captions[0]} if captions else {}
    premises = [name for name in free if plain_name(name) in _PREMISES and is_prose(rows, name)]
    if premises and {"question", "answer"} <= chosen.keys() and "context" not in chosen:
        return {"context": premises[0]}
    return {}


def _like_captions(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the column of texts whose name suggests captions; empty if there are several, as in two languages."""
    found = [name for name in names if "caption" in plain_name(name)]
    texts = [name for name in found if holds_texts(rows, name) or any(isinstance(row.get(name), list) for row in rows)]
    first = [name for name in texts if not plain_name(name).startswith(("segment", "token"))]
    return first if len(first) == 1 else []


def _listed(wanted: Columns) -> list[str]:
    return [wanted.choices] if isinstance(wanted.choices, str) else wanted.choices or []


def _by_content(
    names: Sequence[str], rows: Sequence[Mapping[str, Any]], is_file: Callable[[str], bool]
) -> dict[str, str]:
    """Map the columns of a table without names by their content.

    A column of file names holds images; two others hold question and answer, or more of them a question, its choices
    and the letter of one.
    """
    chosen: dict[str, str] = {}
    for name in names:
        values = [str(row.get(name)) for row in rows[:20]]
        if values and all(_FILE_NAME.fullmatch(value) or is_file(value) for value in values):
            chosen["image"] = name
            break
    others = [name for name in names if name not in chosen.values()]
    letters = string.ascii_uppercase[: max(0, len(others) - 2)]
    if len(others) == 1 and "image" in chosen:
        chosen["caption"] = others[0]
    elif len(others) == 2:
        chosen["question"], chosen["answer"] = others
    elif len(letters) > 1 and all(str(row.get(others[-1])) in letters for row in rows):
        chosen |= {"question": others[0], "answer": others[-1], **choice_fields(others[1:-1])}
    return chosen


def report(wanted: Columns, names: Sequence[str], chosen: dict[str, str], file: str, notes: FindingTally) -> None:
    """Report what was guessed, and columns of the recipe that do not exist."""
    asked = [(field, getattr(wanted, field)) for field in FIELDS] + [(LISTED, name) for name in _listed(wanted)]
    for field, name in asked:
        if name is not None and name not in names:
            near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
            values = {"part": field, "name": name, "near": near[0] if near else ""}
            code, known = "unknown-column/misspelt" if near else "unknown-column", ", ".join(map(repr, names[:20]))
            notes.add(finding(code, file, path=name, known=known, **values))
    meant = [name for _, name in asked]
    guessed = [f"{field} from {name!r}" for field, name in chosen.items() if name not in meant]
    if guessed:
        notes.add(finding("columns-guessed", file, columns=", ".join(guessed)))
