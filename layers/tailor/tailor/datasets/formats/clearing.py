"""Remove the marks of other models' chat templates from an example's texts where that is certain; report the others."""

import re
from collections.abc import Sequence
from typing import Final

import orjson

from tailor.datasets.example import Example, Role, Text, Turn
from tailor.datasets.formats.base import Context, Converter, Row
from tailor.datasets.formats.rendered import CALLS_AS_TEXT, rendered, template_of, without_ends
from tailor.datasets.formats.rendered_chat import parted
from tailor.findings import finding

_ENTITIES: Final = ("&nbsp;", "&quot;", "&amp;", "&lt;", "&#39;", "&agrave;", "&aacute;", "<br>", "<br/>", "<br />")
_SIGNS: Final = (
    "<|",
    "[|",
    "<bot>:",
    "</s>",
    "INST]",
    "###",
    "_of_turn>",
    "ssistant:",
    "ASSISTANT:",
    "<eos>",
    "[EOS]",
    "<｜",
    *_ENTITIES,
    *CALLS_AS_TEXT,
)
"""Strings of which each template mark contains one."""
_OPENING: Final = re.compile(
    r"\s*(?:<\|im_start\|>\s*assistant\s*|<\|start_header_id\|>\s*assistant\s*<\|end_header_id\|>\s*|<\|assistant\|>\s*"
    r"|<start_of_turn>model\s*|###\s*(?:Assistant|Response|Output)\s*:|(?:Assistant|ASSISTANT)\s*:)\s*"
)
_SEPARATOR: Final = re.compile(r"\s*\n\s*(?:###|\$\$\$|====*)\s*\Z|\s*(?:->|=>)\s*\Z")
_STOP: Final = re.compile(r"\s*(?:\bEND|<END>|\[END\]|\bSTOP|###|<\|end\|>)\s*\Z")
_HTML: Final = re.compile(
    r"<(?:div|p|span|pre|ol|ul|table|h\d)(?:\s[^<>]{0,300})?>.*</(?:div|p|span|pre|ol|ul|table|h\d)>", re.DOTALL
)
_NOTHING: Final = frozenset(
    {"nan", "null", "n/a", "#n/a", "<na>", "undefined", "none.", "nat", "#ref!", "#value!", "#name?"}
)

_LONGEST_NOTHING: Final = 20


def cleared(convert: Converter, context: Context, rows: Sequence[Row]) -> Converter:
    """Return a converter whose examples have no template marks, where removing them is certain.

    ``rows`` are the first ones: where none holds a mark, later ones are looked at for marks in angle brackets alone."""
    if context.method == "continued-pre-training":
        return convert
    thorough = _hold_signs(rows)

    def checked(row: Row, line: int) -> Example:
        example = convert(row, line)
        for turn in example.turns:
            for block in turn.blocks:
                if type(block) is Text:
                    text = block.text
                    odd = ("<" in text or thorough) and _has_marks(text, turn.role)
                    if odd or (len(text) < _LONGEST_NOTHING and turn.role == "assistant" and _is_nothing(text)):
                        _clear(example, context, line)
                        return example
        return example

    return checked


def _hold_signs(rows: Sequence[Row]) -> bool:
    try:
        told = orjson.dumps(rows, default=lambda _: "", option=orjson.OPT_NON_STR_KEYS).decode()
    except (TypeError, RecursionError):  # nested too deep, which is reported for the row
        return True
    return any(sign in told for sign in (*_SIGNS, "->", "=>"))


def _has_marks(text: str, role: Role) -> bool:
    if any(sign in text for sign in _SIGNS):
        return True
    return text[-4:].rstrip()[-2:] in ("->", "=>") if role == "user" else text[:1] == "<"


def _is_nothing(text: str) -> bool:
    return text.strip().casefold() in _NOTHING


def _clear(example: Example, context: Context, line: int) -> None:
    turns: list[Turn] = []
    separated = False
    for at, turn in enumerate(example.turns):
        text = turn.blocks[-1].text if turn.blocks and isinstance(turn.blocks[-1], Text) else None
        if text is None:
            turns.append(turn)
        elif turn.role == "user":
            answer = example.turns[at + 1] if at + 1 < len(example.turns) else None
            separated = _is_separated(text, answer)
            turns += _asked(turn, _SEPARATOR.sub("", text) if separated else text, example, context, line)
            if separated:
                context.notes.add(finding("template-removed", context.file, line, name="separators of prompts"))
        else:
            turns.append(Turn("assistant", [*turn.blocks[:-1], Text(_answered(text, separated, context, line))]))
    example.turns = turns
    example.references = [without_ends(text)[0] for text in example.references]
    _note_rest(example, context, line)


def _asked(turn: Turn, text: str, example: Example, context: Context, line: int) -> list[Turn]:
    """Return the turns that a user's text consists of, without marks."""
    chat = rendered(text)
    bare, token = without_ends(text)
    if chat is None or chat.whole or (chat.doubtful and not chat.open):  # a dialogue that the question is about
        if token:
            context.notes.add(finding("end-token", context.file, line, token=token))
        return [Turn("user", [*turn.blocks[:-1], Text(bare)])]
    systems, turns = parted(chat)
    own = [example.system] if example.system and example.system != context.data.system else []
    if systems:
        example.system = "\n\n".join([*own, *systems])
    turns[0].blocks = [*turn.blocks[:-1], *turns[0].blocks]
    context.notes.add(finding("template-removed", context.file, line, name=chat.name))
    return turns


def _answered(text: str, separated: bool, context: Context, line: int) -> str:
    """Return an answer without the marks around it."""
    bare, token = without_ends(text)
    if token:
        context.notes.add(finding("end-token", context.file, line, token=token))
    opening = _OPENING.match(bare)
    if opening and opening.end() < len(bare):
        bare = bare[opening.end() :]
    return (_STOP.sub("", bare) if separated else bare).strip()


def _is_separated(text: str, answer: Turn | None) -> bool:
    """Return whether a prompt ends with a separator of OpenAI's old format, where the completion begins with a
    space."""
    if not _SEPARATOR.search(text) or answer is None or not isinstance(answer.blocks[-1], Text):
        return False
    said = answer.blocks[-1].text
    return said[:1] in (" ", "\n") or bool(_STOP.search(said))


def _note_rest(example: Example, context: Context, line: int) -> None:
    """Report what is left of marks, web pages and empty answers."""
    for turn in example.turns:
        for block in turn.blocks:
            if not isinstance(block, Text):
                continue
            calls = turn.role == "assistant" and any(sign in block.text for sign in CALLS_AS_TEXT)
            if name := "tool calls as text" if calls else template_of(block.text):
                context.notes.add(finding("template-left", context.file, line, name=name))
            if turn.role == "assistant" and block.text[:1] == "<" and _HTML.match(block.text):
                context.notes.add(finding("html-answer", context.file, line))
            elif turn.role == "assistant" and (entity := next((sign for sign in _ENTITIES if sign in block.text), "")):
                context.notes.add(finding("html-answer/entities", context.file, line, entity=entity))
    last = example.turns[-1]
    said = last.blocks[-1] if last.blocks else None
    if last.role == "assistant" and isinstance(said, Text) and _is_nothing(said.text):
        context.notes.add(finding("answer-says-nothing", context.file, line, answer=said.text.strip()))
