"""Account for lists of turns: marks of answers that are not for training, reasoning, unused keys."""

import re
from collections.abc import Collection
from typing import Any, Final

from tailor.datasets.formats import carriers
from tailor.datasets.formats.roles import MEDIA_KEYS, ROLE_KEYS, pair_of, role_of, said_by, words_of
from tailor.findings import Finding, FindingTally, RowError, finding

_CALLS: Final = ("tool_calls", "function_call", "tool_call_id", "candidates")
_USED_IN_PARTS: Final = carriers.words(
    "type text value content image image_url input_image img image_path url source video video_url input_text "
    "output_text path data index format document toolUse toolResult reasoningContent thinking signature id name input "
    "tool_use_id is_error fileData file_data inlineData inline_data functionCall function_call "
    "functionResponse function_response"
)
_THOUGHTS: Final = ("thinking", "reasoning", "redacted_thinking")
_TAG: Final = re.compile(r"</?think>")
_NOT_USED: Final = {
    ("turn", False): "not-used/turn", ("turn", True): "not-used/turn-telling",
    ("inside", False): "not-used/inside", ("inside", True): "not-used/inside-telling",
    ("part", False): "not-used/part", ("part", True): "not-used/part-telling",
}  # fmt: skip
_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})
_MOST_USUAL: Final = 1000


def reasoned(reasoning: str, answer: str) -> str:
    """Return an answer with its reasoning before it, as most models write it."""
    return f"<think>{_TAG.sub('', reasoning)}</think>{answer}" if reasoning.strip() else answer


class TurnsAccount:
    """Examines turns before the format does. Ordinary ones are passed on unchanged."""

    def __init__(self, file: str, notes: FindingTally) -> None:
        self._file, self._notes = file, notes
        self._usual: set[tuple[str, ...]] = set()
        self._told: dict[tuple[str, str], Finding] = {}
        self._usual_parts: set[tuple[str, ...]] = set()

    def learnt(self, turns: Any, path: str, line: int) -> Any:
        """Return the turns that may be learnt; the same list if all are ordinary. Raises RowError if none is left.

        Bedrock learns every answer of a conversation, so it ends before the first that is not to be learnt."""
        if type(turns) is not list:
            return turns
        changed: list[Any] | None = None
        usual = self._usual
        for at, turn in enumerate(turns):
            if type(turn) is not dict:
                continue
            odd = tuple(turn) not in usual
            if not odd:
                content = turn.get("content")
                if type(content) is not list:
                    continue
                if len(content) == 1 and type(content[0]) is dict and len(content[0]) == 1:
                    continue  # a block of Converse, by far the most frequent
                if self._are_usual(content):
                    continue
            if odd and (mark := _bad(turn)):
                return self._cut(changed or turns, at, path, mark, line)
            mended = self._mended(turn, f"{path}[]", line)
            if mended is not turn:
                changed = list(turns) if changed is None else changed
                changed[at] = mended
        return turns if changed is None else changed

    def note_others(self, holder: dict[str, Any], used: Collection[str], path: str, line: int) -> None:
        """Report the unused keys of an object inside a row."""
        for key, value in holder.items():
            if key not in used and value not in _EMPTY:
                self._note(key, f"{path}.{key:.80}", "inside", line)

    def _are_usual(self, parts: list[Any]) -> bool:
        return all(map(self._is_usual, parts))

    def _is_usual(self, part: Any) -> bool:
        if type(part) is not dict:
            return True
        return tuple(part) in self._usual_parts and (len(part) == 1 or part.get("type") not in _THOUGHTS)

    def _cut(self, turns: list[Any], at: int, path: str, mark: str, line: int) -> list[Any]:
        end, value = at, turns[at][mark]
        while end and not _answers(turns[end - 1]):
            end -= 1
        if not end:
            raise RowError(finding("marked-bad/first", path=f"{path}[{at}].{mark}", value=value))
        self._notes.add(finding("marked-bad/turn", self._file, path=f"{path}[].{mark}", value=value), line)
        return turns[:end]

    def _mended(self, turn: dict[str, Any], path: str, line: int) -> dict[str, Any]:
        """Return the turn with its reasoning in its text; report its other unused content."""
        key, content = words_of(turn)
        mended = self._parts(content, f"{path}.{key}[]", line) if isinstance(content, list) else content
        used = _used(turn, key)
        thought = ""
        for name, value in turn.items():
            if name in used or value in _EMPTY or carriers.is_verdict(name, value):
                continue
            if carriers.carried(name) == "reasoning" and isinstance(value, str) and _answers(turn):
                thought = thought or value
            else:
                self._note(name, f"{path}.{name:.80}", "turn", line)
        if thought and isinstance(mended, list):
            mended = [{"type": "text", "text": reasoned(thought, "")}, *mended]
        elif thought:
            mended = reasoned(thought, mended if isinstance(mended, str) else "")
        looked_at = key == "content" or not isinstance(content, list)  # only there parts are looked at again
        if turn.keys() <= used and looked_at and len(self._usual) < _MOST_USUAL:
            self._usual.add(tuple(turn))
        return turn if mended is content else {**turn, key: mended}

    def _parts(self, parts: list[Any], path: str, line: int) -> list[Any]:
        mended: list[Any] = []
        for part in parts:
            if self._is_usual(part):
                mended.append(part)
                continue
            kind = part.get("type")
            if kind in _THOUGHTS or part.get("thought") is True:
                text = next(
                    (part[key] for key in ("thinking", "reasoning", "text") if isinstance(part.get(key), str)), ""
                )
                mended.append({"type": "text", "text": reasoned(text, "")})
                if not text:
                    mended.pop()
                    self._note(kind, f"{path}.{kind}", "part", line)
                continue
            aside = [key for key in part if key not in _USED_IN_PARTS and part[key] not in _EMPTY]
            for key in aside:
                self._note(key, f"{path}.{key:.80}", "part", line)
            mended.append(part)
            if part.keys() <= _USED_IN_PARTS and len(self._usual_parts) < _MOST_USUAL:
                self._usual_parts.add(tuple(part))
        return parts if len(mended) == len(parts) and all(map(_is, mended, parts)) else mended

    def _note(self, key: str, path: str, where: str, line: int) -> None:
        found = self._told.get((path, key))
        if found is None:
            code = _NOT_USED[where, carriers.is_telling(key)]
            found = finding(code, self._file, path=path, key=key)
            if len(self._told) < _MOST_USUAL:
                self._told[path, key] = found
        self._notes.add_each((found,), line)


def _bad(turn: dict[str, Any]) -> str | None:
    """Return the key that marks an answer as bad."""
    if not _answers(turn):
        return None
    return next(
        (key for key, value in turn.items() if carriers.is_verdict(key, value) and carriers.marks_bad(key, value)), None
    )


def _answers(turn: Any) -> bool:
    if not isinstance(turn, dict):
        return False
    return role_of(said_by(turn)) == "assistant" or bool(pair_of(turn))


def _used(turn: dict[str, Any], words: str) -> set[str]:
    """Return the keys of a turn that are read."""
    said = next((key for key in ROLE_KEYS if turn.get(key) is not None), "role")
    used = {said, words, *(pair_of(turn) or ()), *_CALLS, *MEDIA_KEYS}
    if turn.get(said) is None:
        used.add("type")  # LangChain's
    if role_of(said_by(turn)) == "result":
        used.add("name")
    if len(turn) == 1:
        used.update(turn)
    return used | {"system"} if pair_of(turn) else used


def _is(one: Any, other: Any) -> bool:
    return one is other
