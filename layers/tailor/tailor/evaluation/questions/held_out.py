"""Read held-out rows and answers, from the bucket (docs/architecture.md) or from a person's files."""

import codecs
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from tailor.errors import InvalidInputError
from tailor.reasoning import answer_of


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
        """Return the text of the last turn."""
        blocks = self.messages[-1]["content"] if self.messages else []
        return "\n".join(block["text"] for block in blocks if "text" in block)

    @property
    def images(self) -> list[dict[str, Any]]:
        return [block["image"] for message in self.messages for block in message["content"] if "image" in block]


@dataclass(frozen=True, slots=True)
class Answer:
    """One arm's answer to one row, without its reasoning. ``raw``: the model's text, if different.

    ``error``: a short code if the call failed for good, which counts as wrong.
    """

    id: str
    answer: str
    stop_reason: str | None = None
    latency_ms: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    error: str | None = None
    raw: str | None = None


_MEASURED: Mapping[str, Any] = {
    "stop_reason": str,
    "latency_ms": (int, float),
    "input_tokens": int,
    "output_tokens": int,
    "error": str,
    "raw": str,
}
_KNOWN = {"id", "references", "group", "category", "messages", "system", "source"}


def read_rows(data: bytes, name: str) -> list[Row]:
    """Return rows of test.jsonl or of a references file. Raises InvalidInputError that names the line."""
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
    group, category = _word(value, "group", place), _word(value, "category", place)
    return Row(
        id=identity,
        references=tuple(map(answer_of, references)),
        group=identity if group is None else group,
        category=category,
        messages=_messages(value, place),
        system=tuple(_blocks(value.get("system") or [], "system", place)),
        source=_source(value, place),
        extra={key: item for key, item in value.items() if key not in _KNOWN},
    )


def _word(value: dict[str, Any], key: str, place: str) -> str | None:
    found = value.get(key)
    if found is not None and (isinstance(found, bool) or not isinstance(found, str | int | float)):
        raise InvalidInputError(f"{place}: '{key}' is not a text", hint=f'for example "{key}": "image 17"')
    return None if found is None else str(found)


def _messages(value: dict[str, Any], place: str) -> tuple[dict[str, Any], ...]:
    messages = value.get("messages") or []
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise InvalidInputError(f"{place}: 'messages' is not a list of messages", hint="leave it out, or see Converse")
    for message in messages:
        _blocks(message.get("content"), "messages", place)
    return tuple(messages)


def _blocks(found: object, key: str, place: str) -> list[dict[str, Any]]:
    def sound(block: object) -> bool:
        return isinstance(block, dict) and isinstance(block.get("text", ""), str)

    if not isinstance(found, list) or not all(map(sound, found)):
        raise InvalidInputError(
            f"{place}: '{key}' has content that is not a list of blocks", hint='for example [{"text": "…"}]'
        )
    return found


def _source(value: dict[str, Any], place: str) -> dict[str, Any]:
    source = value.get("source") or {}
    if not isinstance(source, dict):
        raise InvalidInputError(f"{place}: 'source' is not an object", hint="leave it out")
    return source


def read_answers(data: bytes, name: str) -> dict[str, Answer]:
    """Return answers by row id. Raises InvalidInputError that names the line."""
    answers = [_answer(value, place) for place, value in _objects(data, name)]
    _check_ids((answer.id for answer in answers), name)
    return {answer.id: answer for answer in answers}


def _answer(value: dict[str, Any], place: str) -> Answer:
    identity = _identity(value, place)
    text = value.get("answer")
    if not isinstance(text, str):
        raise InvalidInputError(f"{place}: 'answer' is not a text", hint='for example {"id": "r1", "answer": "đỏ"}')
    for key, kinds in _MEASURED.items():
        if value.get(key) is not None and (isinstance(value[key], bool) or not isinstance(value[key], kinds)):
            what = "a text" if kinds is str else "a number"
            raise InvalidInputError(f"{place}: '{key}' is not {what}", hint="correct it, or leave it out")
    return said_by(identity, text, **{key: value.get(key) for key in _MEASURED})


def said_by(identity: str, text: str, **measured: Any) -> Answer:
    """Return the answer in a model's text, without reasoning."""
    answer = answer_of(text)
    return Answer(identity, answer, **(measured if answer == text else measured | {"raw": text}))


def write_answers(answers: Iterable[Answer]) -> bytes:
    return b"".join(orjson.dumps(asdict(answer)) + b"\n" for answer in answers)


def check_known(answers: Mapping[str, Answer], rows: Iterable[Row], name: str) -> None:
    """Raise InvalidInputError if an answer belongs to no row: a shifted or wrong file must not be scored."""
    known = {row.id for row in rows}
    unknown = [identity for identity in answers if identity not in known]
    if unknown:
        shown = ", ".join(repr(identity) for identity in unknown[:5]) + (", …" if len(unknown) > 5 else "")
        raise InvalidInputError(
            f"{name}: {len(unknown)} of its {len(answers)} ids are not among the references: {shown}",
            hint="answers are matched to references by 'id'; check that both files belong together",
        )


def _objects(data: bytes, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InvalidInputError(f"{name} is UTF-16 text", hint="save it as UTF-8 (PowerShell: -Encoding utf8)")
    whole = "one JSON object a line; 'jq -c .[]' makes that of a list, 'jq -c .' of objects on several lines"
    hint = whole if data.lstrip()[:1] in (b"[", b"{") else "one JSON object a line"
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        place = f"{name}, line {number}"
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise InvalidInputError(f"{place}: this is not JSON: {error}", hint=hint) from error
        if not isinstance(value, dict):
            raise InvalidInputError(f"{place}: this is not a JSON object", hint=hint)
        yield place, value


def _identity(value: dict[str, Any], place: str) -> str:
    identity = value.get("id")
    if isinstance(identity, bool) or not isinstance(identity, str | int) or identity == "":
        raise InvalidInputError(
            f"{place}: 'id' is missing, or neither a text nor a whole number", hint="each row needs one"
        )
    return str(identity)


def _check_ids(ids: Iterable[str], name: str) -> None:
    seen: set[str] = set()
    for identity in ids:
        if identity in seen:
            raise InvalidInputError(f"{name}: the id {identity!r} comes twice", hint="each row needs an id of its own")
        seen.add(identity)
