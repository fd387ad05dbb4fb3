"""Recognise files that tools export: some become plain rows; for the others, say what they are."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from tailor.datasets.formats import pairs
from tailor.datasets.formats.base import Row
from tailor.datasets.formats.reply_trees import nested_branch
from tailor.datasets.formats.roles import role_of, said_by
from tailor.datasets.formats.tool_rows import as_messages, calls_tools
from tailor.datasets.sources import candidates, plain_name, value_of
from tailor.findings import Finding, finding
from tailor.recipe import Data, Method

_BOXES: Final = (
    "bbox", "bboxes", "boxes", "bounding_boxes", "segmentation", "segments_info", "regions", "shapes", "shape_type",
)  # fmt: skip
_CORNERS: Final = frozenset(("xmin", "ymin", "xmax", "ymax"))
_OUTLINES: Final = frozenset(
    (
        "rectanglelabels",
        "polygonlabels",
        "brushlabels",
        "keypointlabels",
        "ellipselabels",
        "rectangle",
        "polygon",
        "brush",
    )
)
_CAPTION: Final = re.compile(r"(?i)(?:caption|comment|sentence|chú thích|mô tả)[ _-]?\d")


@dataclass(frozen=True, slots=True)
class Export:
    """A kind of export. ``read`` converts a row to a plain one; without it, ``says`` is why the rows can't be used.
    ``told`` is reported for a file that is read. ``both`` reads both answers of a preference pair."""

    fits: Callable[[Row], bool]
    read: Callable[[Row], Row] | None = None
    told: Finding | None = None
    says: Finding | None = None
    both: pairs.PairReader | None = None


def recognise(rows: list[Row], data: Data, method: Method) -> Export | None:
    """Return the kind of export that most of the first rows are; None for other rows."""
    if pair := pairs.recognise(rows, data, method):
        return Export(lambda _: True, pair.read, pair.told, pair.says, pair.both)
    return next((export for export in _EXPORTS if 2 * sum(map(export.fits, rows)) > len(rows)), None)


def _exported(fits: Callable[[Row], bool], read: Callable[[Row], Row], title: str) -> Export:
    def whole(row: Row) -> Row:
        return read(row) if fits(row) else row

    return Export(fits, whole, finding("export-read", title=title))


def _has(*keys: str) -> Callable[[Row], bool]:
    return lambda row: all(key in row for key in keys)


def _is_chatgpt(row: Row) -> bool:
    return isinstance(row.get("mapping"), dict) and ("current_node" in row or "create_time" in row)


def _chatgpt(row: Row) -> Row:
    """Return the branch of the conversation that was shown last, without what tools said."""
    mapping, place = row["mapping"], row.get("current_node")
    path: list[Row] = []
    seen: set[Any] = set()
    while isinstance(place, str) and isinstance(node := mapping.get(place), dict) and place not in seen:
        seen.add(place)
        path.append(node)
        place = node.get("parent")
    messages: list[Row] = []
    for node in reversed(path):
        role, text = _spoken(node.get("message"))
        if role and text.strip():
            if messages and messages[-1]["role"] == role:
                messages[-1]["content"] += f"\n\n{text}"
            else:
                messages.append({"role": role, "content": text})
    rest = {key: value for key, value in row.items() if key not in ("mapping", "current_node")}
    return {**rest, "messages": messages}


def _spoken(message: Any) -> tuple[str, str]:
    """Return the speaker and text of a message; empty for one that was not addressed to the other side."""
    if not isinstance(message, dict) or message.get("recipient") not in (None, "all") or message.get("weight") == 0:
        return "", ""
    author, content = message.get("author"), message.get("content")
    role = author.get("role") if isinstance(author, dict) else None
    parts = content.get("parts") if isinstance(content, dict) else None
    kind = content.get("content_type") if isinstance(content, dict) else None
    if role not in ("user", "assistant", "system") or not isinstance(parts, list) or kind not in ("text", None):
        return "", ""
    return role, "\n".join(part for part in parts if isinstance(part, str))


def _is_label_studio(row: Row) -> bool:
    return isinstance(row.get("data"), dict) and isinstance(row.get("annotations", row.get("completions")), list)


def _label_studio(row: Row) -> Row:
    """Return the task with each label under its name; with several annotators, all labels."""
    said: dict[str, list[Any]] = {}
    for annotation in row.get("annotations", row.get("completions")) or ():
        if not isinstance(annotation, dict) or annotation.get("was_cancelled"):
            continue
        for result in annotation.get("result") or ():
            value = result.get("value") if isinstance(result, dict) else None
            if isinstance(value, dict):
                said.setdefault(str(result.get("from_name")), []).extend(_labelled(value, result.get("type")))
    return {"id": row.get("id"), **row["data"], **_by_name(said, row["data"])}


def _labelled(value: Row, kind: Any) -> Iterable[Any]:
    found = value.get(str(kind), value.get("text", value.get("choices", value)))
    if kind == "choices" and isinstance(found, list):
        return [", ".join(map(str, found))]
    return found if isinstance(found, list) and all(isinstance(item, str) for item in found) else [found]


def _metadata(row: Row) -> tuple[str, Row] | None:
    """Return the label attribute of a row of Ground Truth, and its metadata."""
    return next(
        ((key.removesuffix("-metadata"), value) for key, value in row.items()
         if key.endswith("-metadata") and isinstance(value, dict) and key.removesuffix("-metadata") in row),
        None,
    )  # fmt: skip


def _is_ground_truth(row: Row) -> bool:
    return ("source-ref" in row or "source" in row) and _metadata(row) is not None


def _has_classes(row: Row) -> bool:
    found = _metadata(row)
    return _is_ground_truth(row) and found is not None and ("class-name" in found[1] or _is_whole_map(found))


def _is_whole_map(found: tuple[str, Row]) -> bool:
    return isinstance(found[1].get("class-map"), dict) and "object-detection" not in str(found[1].get("type"))


def _ground_truth(row: Row) -> Row:
    name, about = _metadata(row) or ("", {})
    classes = about.get("class-map")
    label = about.get("class-name") or ", ".join(map(str, classes.values() if isinstance(classes, dict) else ()))
    own = {"source-ref": "image", "source": "text"}
    rest = {own.get(key, key): value for key, value in row.items() if key not in (name, f"{name}-metadata")}
    return {**rest, "answer": label}


def _is_prodigy(row: Row) -> bool:
    return row.get("answer") in ("accept", "reject", "ignore") and "_task_hash" in row | {"_task_hash": 0}


def _prodigy(row: Row) -> Row:
    found = {key: value for key, value in row.items() if key != "answer" and not key.startswith("_")}
    accepted, options = row.get("accept"), row.get("options")
    if isinstance(accepted, list) and isinstance(options, list):
        texts = {option.get("id"): option.get("text") for option in options if isinstance(option, dict)}
        found = {key: value for key, value in found.items() if key not in ("accept", "options")}
        found["label"] = ", ".join(str(texts.get(each) or each) for each in accepted)
    return {**found, "accepted": row["answer"]}


def _is_tagged(row: Row) -> bool:
    words = row.get("words", row.get("tokens"))
    tags = next((row[key] for key in ("tags", "ner_tags", "labels", "pos_tags") if key in row), None)
    return isinstance(words, list) and isinstance(tags, list) and len(words) == len(tags)


def _has_spans(row: Row) -> bool:
    spans = next((row[key] for key in ("label", "labels", "entities", "spans", "ents") if row.get(key)), None)
    if not isinstance(spans, list) or not isinstance(row.get("text"), str):
        return False
    return all(
        (isinstance(span, list) and len(span) == 3 and isinstance(span[0], int))
        or (isinstance(span, dict) and ("start" in span or "start_offset" in span))
        for span in spans
    )


def _is_between_people(row: Row) -> bool:
    """Return whether rows are messages of people by their names, none of them the assistant."""
    messages = row.get("messages")
    turns = [turn for turn in messages[:50] if isinstance(turn, dict)] if isinstance(messages, list) else []
    names = [turn.get("sender_name", said_by(turn)) for turn in turns]
    return len(names) > 1 and all(isinstance(name, str) and role_of(name) is None for name in names)


def _has_verdicts(row: Row) -> bool:
    """Return whether rows have answers and verdicts on them with similar names: ``answer_a``, ``answer_a_correct``."""
    answers, right = row.get("answers"), row.get("correct_answers")
    return isinstance(answers, dict) and isinstance(right, dict) and any(f"{name}_correct" in right for name in answers)


def _verdicts(row: Row) -> Row:
    right = {name for name in row["answers"] if str(row["correct_answers"].get(f"{name}_correct")).lower() == "true"}
    given = [{"text": text, "correct": name in right} for name, text in row["answers"].items() if text is not None]
    return {**{key: value for key, value in row.items() if key != "correct_answers"}, "answers": given}


def _is_slack(row: Row) -> bool:
    return "ts" in row and isinstance(row.get("user"), str) and isinstance(row.get("text"), str)


def _has_boxes(row: Row) -> bool:
    """Return whether rows are boxes without a question and an answer."""
    inside = [row, *(value for value in row.values() if isinstance(value, dict))]
    inside += [value[0] for value in row.values() if isinstance(value, list) and value and isinstance(value[0], dict)]
    boxed = any(key in each for each in inside for key in _BOXES)
    boxed = boxed or any({"label", "coordinates"} <= each.keys() for each in inside)
    if not boxed and not set(map(plain_name, row)) >= _CORNERS:
        return False
    return not (candidates("question", list(row)) and candidates("answer", list(row)))


def _has_outlines(row: Row) -> bool:
    """Return whether rows are Label Studio's boxes and outlines."""
    given = row.get("annotations", row.get("completions")) if _is_label_studio(row) else None
    results = [result for each in given or () if isinstance(each, dict) for result in each.get("result") or ()]
    kinds = {str(result.get("type")) for result in results if isinstance(result, dict)}
    return bool(kinds) and all(kind in _OUTLINES for kind in kinds)


def _numbered(row: Row) -> list[str]:
    """Return the columns with a caption each, such as ``caption1``."""
    return [key for key in row if _CAPTION.fullmatch(key)]


def _has_captions(row: Row) -> bool:
    return len(_numbered(row)) > 1 and bool(candidates("image", list(row)) or candidates("video", list(row)))


def _captions(row: Row) -> Row:
    names = _numbered(row)
    rest = {key: value for key, value in row.items() if key not in names}
    return {**rest, "captions": [row[name] for name in names if row[name]]}


def _is_batch_output(row: Row) -> bool:
    answered = row.get("response", row.get("result"))
    return "custom_id" in row and isinstance(answered, dict) and "messages" not in row


def _is_argilla(row: Row) -> bool:
    return isinstance(row.get("fields"), dict) and isinstance(row.get("responses"), list | dict)


def _argilla(row: Row) -> Row:
    """Return the fields with people's answers to each question; of several people, all."""
    said: dict[str, list[Any]] = {}
    given = row["responses"]
    if isinstance(given, dict):
        for name, answers in given.items():
            said[name] = [answer.get("value") for answer in answers or () if isinstance(answer, dict)]
    else:
        for response in given:
            if isinstance(response, dict) and response.get("status", "submitted") == "submitted":
                for name, answer in (response.get("values") or {}).items():
                    said.setdefault(name, []).append(answer.get("value") if isinstance(answer, dict) else answer)
    return {"id": row.get("id"), **row["fields"], **_by_name(said, row["fields"])}


def _compares(row: Row) -> bool:
    """Return whether an answer in Argilla is the name of a preferred field."""
    answers = _argilla(row) if _is_argilla(row) else {}
    return any(
        isinstance(value, str) and value in row["fields"] for key, value in answers.items() if key not in row["fields"]
    )


def _by_name(said: dict[str, list[Any]], others: Row) -> Row:
    """Return labels by their names; a single one as the answer."""
    named = {name: values[0] if len(values) == 1 else values for name, values in said.items() if values}
    return {"answer": next(iter(named.values()))} if len(named) == 1 and "answer" not in others else named


def _is_tree(row: Row) -> bool:
    first = row.get("prompt")
    return isinstance(first, dict) and isinstance(first.get("replies"), list) and role_of(said_by(first)) == "user"


def _tree(row: Row) -> Row:
    turns = [{"role": said_by(turn), "content": turn.get("text")} for turn in nested_branch(row["prompt"])]
    return {**{key: value for key, value in row.items() if key != "prompt"}, "messages": turns}


def _is_ragas(row: Row) -> bool:
    return {"user_input", "response", "reference"} <= row.keys()


def _ragas(row: Row) -> Row:
    return {**row, "answer": row["reference"], "reference": None}


def _is_tokens(row: Row) -> bool:
    ids = row.get("input_ids")
    ids = value_of(ids) if isinstance(ids, str) else ids
    return isinstance(ids, list)


def _says(fits: Callable[[Row], bool], case: str) -> Export:
    return Export(fits, says=finding(case))


_EXPORTS: Final = (
    _says(_has_outlines, "rows-unrecognised/boxes"),
    _exported(_is_chatgpt, _chatgpt, "an export of ChatGPT: of each conversation the branch shown last is read"),
    _exported(_is_label_studio, _label_studio, "an export of Label Studio: each label is read under its name"),
    _exported(_has_classes, _ground_truth, "an output of SageMaker Ground Truth: the class is the answer"),
    _exported(_is_prodigy, _prodigy, "an export of Prodigy: answers that were rejected or ignored are not learnt"),
    _exported(calls_tools, as_messages, "questions with the tool calls that answer them"),
    _says(_is_ground_truth, "rows-unrecognised/boxes"),
    _says(_compares, "rows-unrecognised/undecided"),
    _exported(_is_argilla, _argilla, "an export of Argilla: what people answered is read, suggestions are not"),
    _exported(_is_tree, _tree, "trees of OpenAssistant: of each the branch that is ranked best is read"),
    _exported(_is_ragas, _ragas, "an evaluation set of Ragas: the reference is the answer, not what a model responded"),
    _exported(_has_captions, _captions, "rows with several captions of a picture: all of them are right"),
    _exported(_has_verdicts, _verdicts, "a quiz whose answers are marked as right under names of their own"),
    _says(_has_boxes, "rows-unrecognised/boxes"),
    _says(_is_slack, "rows-unrecognised/people"),
    _says(_is_tokens, "rows-unrecognised/tokens"),
    _says(_is_tagged, "rows-unrecognised/tags"),
    _says(_has_spans, "rows-unrecognised/tags"),
    _says(_is_between_people, "rows-unrecognised/people"),
    _says(_is_batch_output, "rows-unrecognised/batch-output"),
    _says(_has("query", "pos", "neg"), "rows-unrecognised/retrieval"),
    _says(_has("anchor", "positive", "negative"), "rows-unrecognised/retrieval"),
)
