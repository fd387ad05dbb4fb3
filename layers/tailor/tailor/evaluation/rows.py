"""Held-out rows and answers, as they lie in the bucket (docs/architecture.md) or come from a person's files."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from tailor.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Row:
    """One held-out row. ``messages`` is empty where only references are known (answers scored offline)."""

    id: str
    references: tuple[str, ...]
    group: str
    category: str | None = None
    messages: tuple[dict[str, Any], ...] = ()
    system: tuple[dict[str, Any], ...] = ()
    source: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def question(self) -> str:
        """The text of the last turn."""
        blocks = self.messages[-1]["content"] if self.messages else []
        return "\n".join(block["text"] for block in blocks if "text" in block)

    @property
    def images(self) -> list[dict[str, Any]]:
        return [block["image"] for message in self.messages for block in message["content"] if "image" in block]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one arm said to one row. ``error`` is a short code where the call failed for good: a wrong answer."""

    id: str
    answer: str
    stop_reason: str | None = None
    latency_ms: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    error: str | None = None


_KNOWN = {"id", "references", "group", "category", "messages", "system", "source"}


def read_rows(data: bytes, name: str) -> list[Row]:
    """Rows of test.jsonl or of a references file. Raises InvalidInputError that names the line."""
    rows = [_row(value, place) for place, value in _objects(data, name)]
    _check_ids((row.id for row in rows), name)
    if not rows:
        raise InvalidInputError(f"{name} holds no rows", hint="one JSON object a line, with 'id' and 'references'")
    return rows


def _row(value: dict[str, Any], place: str) -> Row:
    identity = _identity(value, place)
    references = value.get("references")
    if isinstance(references, str):
        references = [references]
    if not isinstance(references, list) or not all(isinstance(text, str) for text in references):
        raise InvalidInputError(
            f"{place}: 'references' is not a list of texts", hint='for example "references": ["đỏ"]'
        )
    group, category = value.get("group"), value.get("category")
    return Row(
        id=identity,
        references=tuple(references),
        group=identity if group is None else str(group),
        category=None if category is None else str(category),
        messages=tuple(value.get("messages") or ()),
        system=tuple(value.get("system") or ()),
        source=value.get("source") or {},
        extra={key: item for key, item in value.items() if key not in _KNOWN},
    )


def read_answers(data: bytes, name: str) -> dict[str, Answer]:
    """Answers by row id. Raises InvalidInputError that names the line."""
    answers = [_answer(value, place) for place, value in _objects(data, name)]
    _check_ids((answer.id for answer in answers), name)
    return {answer.id: answer for answer in answers}


def _answer(value: dict[str, Any], place: str) -> Answer:
    identity = _identity(value, place)
    text = value.get("answer")
    if not isinstance(text, str):
        raise InvalidInputError(f"{place}: 'answer' is not a text", hint='for example {"id": "r1", "answer": "đỏ"}')
    known = {key: value.get(key) for key in ("stop_reason", "latency_ms", "input_tokens", "output_tokens", "error")}
    return Answer(id=identity, answer=text, **known)


def write_answers(answers: Iterable[Answer]) -> bytes:
    return b"".join(orjson.dumps(asdict(answer)) + b"\n" for answer in answers)


def check_known(answers: Mapping[str, Answer], rows: Iterable[Row], name: str) -> None:
    """Raises InvalidInputError where an answer belongs to no row: a shifted or mistaken file must not be scored."""
    known = {row.id for row in rows}
    unknown = [identity for identity in answers if identity not in known]
    if unknown:
        shown = ", ".join(repr(identity) for identity in unknown[:5]) + (", …" if len(unknown) > 5 else "")
        raise InvalidInputError(
            f"{name}: {len(unknown)} of its {len(answers)} ids are not among the references: {shown}",
            hint="answers are matched to references by 'id'; check that both files belong together",
        )


def _objects(data: bytes, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        place = f"{name}, line {number}"
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise InvalidInputError(f"{place}: this is not JSON: {error}", hint="one JSON object a line") from error
        if not isinstance(value, dict):
            raise InvalidInputError(f"{place}: this is not a JSON object", hint="one JSON object a line")
        yield place, value


def _identity(value: dict[str, Any], place: str) -> str:
    identity = value.get("id")
    if isinstance(identity, bool) or not isinstance(identity, str | int) or identity == "":
        raise InvalidInputError(f"{place}: 'id' is missing", hint="each row needs an id: a text or a whole number")
    return str(identity)


def _check_ids(ids: Iterable[str], name: str) -> None:
    seen: set[str] = set()
    for identity in ids:
        if identity in seen:
            raise InvalidInputError(f"{name}: the id {identity!r} comes twice", hint="each row needs an id of its own")
        seen.add(identity)
