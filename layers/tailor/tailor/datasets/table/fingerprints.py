"""What rows are compared by: hashes of inputs and answers, and what kind of answer each is."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from xxhash import xxh64_intdigest

from tailor.datasets import language

SHORT_ANSWER: Final = 200
"""Characters from which an answer counts as long."""
LONG: Final = "long"
_LONG_ENOUGH: Final = 40
_YES_NO: Final = frozenset({"yes", "no", "true", "false", "có", "không", "đúng", "sai", "phải", "không phải"})
_USUAL_TURNS: Final = 2


class AnswerInfo(NamedTuple):
    """``hash``: the same for answers that count as equal; ``language``: index into LANGUAGES."""

    hash: int
    kind: str
    language: int
    words: int


def group_hash(*parts: bytes) -> int:
    """Return a 63-bit hash of what makes a group, an input or an answer."""
    if len(parts) == 1:
        return xxh64_intdigest(parts[0]) >> 1
    return xxh64_intdigest(b"".join(len(part).to_bytes(4) + part for part in parts)) >> 1


def hashes_of(question: bytes, turns: int, digests: Iterable[str] = ()) -> tuple[int, int]:
    """Hash the whole input, and its texts alone.

    ``question`` holds the texts before the last answer (UTF-8), ``digests`` are those of the media."""
    same, shown = group_hash(question), [digest.encode() for digest in digests]
    if not shown and turns <= _USUAL_TURNS:
        return same, same
    return group_hash(question, turns.to_bytes(4), *shown), same


def describe_answer(question: bytes, answer: bytes) -> AnswerInfo:
    """Summarise an answer (UTF-8) for duplicate detection and statistics."""
    if len(answer) >= 4 * SHORT_ANSWER or len(text := answer.decode()) >= SHORT_ANSWER:
        return AnswerInfo(group_hash(answer), LONG, _language(answer.decode()), answer.count(b" ") + 1)
    same, kind, words = _describe_short(text)
    return AnswerInfo(same, kind, _language(text if len(text) >= _LONG_ENOUGH else question.decode()), words)


def _language(text: str) -> int:
    return language.LANGUAGES.index(language.language_of(text))


@lru_cache(1 << 12)  # short answers come again and again
def _describe_short(answer: str) -> tuple[int, str, int]:
    same = group_hash(answer.strip(" .!\n").casefold().encode())
    return same, _kind_of(answer), answer.count(" ") + 1 if answer else 0


def _kind_of(answer: str) -> str:
    plain = answer.strip(" .!").casefold()
    if plain in _YES_NO:
        return "yes/no"
    if plain and plain.replace(",", "").replace(".", "").isdecimal():
        return "number"
    return "short" if plain.count(" ") < 5 else LONG
