"""Hash inputs and answers for comparing rows, and classify answers."""

import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from xxhash import xxh64_intdigest

from tailor.language import LANGUAGES, UNKNOWN, detect, has_letters

SHORT_ANSWER: Final = 200
"""Length in characters from which an answer counts as long."""
LONG: Final = "long"
_LONG_ENOUGH: Final = 40
_GLANCE: Final = 120  # characters by which the language of a row is detected
_YES_NO: Final = frozenset({"yes", "no", "true", "false", "có", "không", "đúng", "sai", "phải", "không phải"})
_USUAL_TURNS: Final = 2
_PLACES: Final = {language: place for place, language in enumerate(LANGUAGES)}


class AnswerInfo(NamedTuple):
    """``hash``: the same for answers that count as equal; ``language``: index into LANGUAGES."""

    hash: int
    kind: str
    language: int
    words: int


def group_hash(*parts: bytes) -> int:
    """Return a 63-bit hash of what identifies a group, an input or an answer."""
    if len(parts) == 1:
        return xxh64_intdigest(parts[0]) >> 1
    return xxh64_intdigest(b"".join(len(part).to_bytes(4) + part for part in parts)) >> 1


def hashes_of(question: bytes, turns: int, digests: Sequence[str] = ()) -> tuple[int, int]:
    """Return the hashes of the whole input, and of its texts alone.

    ``question`` holds the texts before the last answer (UTF-8), ``digests`` are those of the media."""
    same = group_hash(question)
    if not digests and turns <= _USUAL_TURNS:
        return same, same
    return group_hash(question, turns.to_bytes(4), *(digest.encode() for digest in digests)), same


def asked_hash(turns: Iterable[str]) -> int:
    """Return a hash of the turns before an answer; case, white space and Unicode composition make no difference."""
    asked = " ".join(" ".join(turns).split())
    return group_hash(unicodedata.normalize("NFC", asked).casefold().encode("utf-8", "replace"))


def describe_answer(question: str, answer: str, answer_bytes: bytes) -> AnswerInfo:
    """Summarise an answer, which is given as UTF-8 too, for duplicate detection and statistics."""
    if len(answer) >= SHORT_ANSWER:
        return AnswerInfo(group_hash(answer_bytes), LONG, _language(answer), answer_bytes.count(b" ") + 1)
    same, kind, words = _describe_short(answer)
    return AnswerInfo(same, kind, _language(answer if len(answer) >= _LONG_ENOUGH else question), words)


def _language(text: str) -> int:
    """Return a text's index in LANGUAGES; a short one without accents may be a name or a loan word, and is
    undecided."""
    start = text[:_GLANCE]
    return _PLACES[detect(start) if not start.isascii() or has_letters(start) else UNKNOWN]


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
