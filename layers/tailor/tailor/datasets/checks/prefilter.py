"""Find the rows whose texts need a closer look. Most need none, so all patterns are searched in many rows at once.

What the screen lets pass has nothing that the repairs, the search for personal data or the checks of texts would find;
what it stops may be sound all the same.
"""

import re
import string
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from functools import cache
from itertools import accumulate
from typing import Final

import hyperscan
import msgspec

_CASELESS, _ONCE = hyperscan.HS_FLAG_CASELESS, hyperscan.HS_FLAG_SINGLEMATCH
_STOP: Final = (
    # controls, characters without width, what could not be decoded
    (rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f\xad]|\xe2(?:\x80\x8b|\x81\xa0)|\xef(?:\xbb\xbf|\xbf\xbd)", 0),
    # UTF-8 taken for Windows-1252: an accented letter and then a sign that stands for a byte
    (rb"[\xc3][\x82-\xb0](?:\xc2[\x80-\xbf]|\xe2|\xc5[\x92\x93\xa0\xa1\xb8\xbd\xbe]|\xc6\x92|\xcb[\x86\x9c])", 0),
    # e-mail addresses; phone and card numbers
    (rb"@|[0-9](?:[ .()-]{0,2}[0-9]){7}", 0),
    (rb"(?:AKIA|ASIA)[A-Z0-9]{16}|ghp_[A-Za-z0-9]{36}|github_pat_|xox[abprs]-|sk-[A-Za-z0-9_-]{20}|PRIVATE KEY", 0),
    (rb"secret.{0,20}=", _CASELESS),
)
_SPACED = rb"[ \t\r\n]{8}"
# Letters that Unicode's composition may change, and some more.
_OF_PARTS = (
    rb"[\xcc-\xce\xd2\xd6-\xe0\xe3\xea\xef\xf0]|\xe1[\x80-\xb7\xbd-\xbf]"
    rb"|\xe2(?:\x80[\x80\x81]|[\x83\x84\x8c\xab\xb3\xb5\xb7])"
)
_SPACED_ID, _OF_PARTS_ID = 0, 1
_SYMBOLS: Final = bytes(
    1 if code < 128 and chr(code) not in string.ascii_letters + string.digits + string.whitespace else 0
    for code in range(256)
)
BETWEEN: Final = b"."  # part of no pattern's beginning or end


class Passed(msgspec.Struct, gc=False):
    """A row that needs no closer look: its texts as UTF-8, and what its tokens are estimated from. ``symbols``: ASCII
    that is no letter, digit or space; ``spaced``: runs of white space are long enough to count."""

    question: bytes
    answer: bytes
    symbols: int
    spaced: bool


def measured(question: str, answer: str) -> Passed:
    """Return the same values for a row that had a closer look."""
    before, last = question.encode(), answer.encode()
    text = b"%b\n%b" % (before, last)
    return Passed(before, last, text.translate(_SYMBOLS).count(1), bool(re.search(_SPACED, text)))


class Screen:
    """``reserved``: the model's own markers, which texts must not contain.

    Screens share what is compiled, and each has the memory to search with it: one thread at a time uses a screen."""

    def __init__(self, reserved: Iterable[str]) -> None:
        self._database = _database(tuple(reserved))
        self._scratch = hyperscan.Scratch(self._database)

    def look(self, rows: list[tuple[str, str]]) -> list[Passed | None]:
        """Return for each row (the texts before its last answer, and that answer) its values; None if it needs a closer
        look."""
        try:
            texts = [(question.encode(), answer.encode()) for question, answer in rows]
        except UnicodeEncodeError:  # half a character
            return [None] if len(rows) == 1 else [found for row in rows for found in self.look([row])]
        whole = b"".join([part for question, answer in texts for part in (question, b"\n", answer, BETWEEN)])
        ends = list(accumulate(len(question) + len(answer) + 2 for question, answer in texts))
        stopped, spaced = set[int](), set[int]()
        for id, end in self._found(whole):
            if id == _OF_PARTS_ID:
                stopped.update(row for row, (question, answer) in enumerate(rows) if is_apart(question + "\n" + answer))
            else:
                (spaced if id == _SPACED_ID else stopped).add(bisect_right(ends, end - 1))
        symbols = whole.translate(_SYMBOLS).count
        passed: list[Passed | None] = [
            Passed(question, answer, symbols(1, start, end - 1), row in spaced)
            for row, ((question, answer), start, end) in enumerate(zip(texts, [0, *ends], ends, strict=False))
        ]
        return [None if row in stopped else each for row, each in enumerate(passed)] if stopped else passed

    def _found(self, whole: bytes) -> list[tuple[int, int]]:
        """Return the index of each pattern found, and where the match ends."""
        found: list[tuple[int, int]] = []
        self._database.scan(
            whole,
            match_event_handler=lambda id, start, end, flags, context: found.append((id, end)),
            scratch=self._scratch,
        )
        return found


def is_apart(text: str) -> bool:
    """Return whether letters and their marks are separate where they could be one character (not NFC)."""
    return not unicodedata.is_normalized("NFC", text)


@cache  # compiling takes as long as screening ten thousand rows
def _database(reserved: tuple[str, ...]) -> hyperscan.Database:
    patterns = [(_SPACED, 0), (_OF_PARTS, _ONCE), *_STOP, *((_word(word), _CASELESS) for word in reserved)]
    database = hyperscan.Database()
    expressions, flags = [pattern for pattern, _ in patterns], [flags for _, flags in patterns]
    database.compile(expressions=expressions, flags=flags, ids=range(len(patterns)), elements=len(patterns))
    return database


def _word(word: str) -> bytes:
    """Return the pattern of a word at the beginning of a word."""
    plain = re.escape(word.strip("\n")).encode()
    return rb"(?:^|[^a-z0-9_])" + plain if word.strip("\n")[0].isalnum() else plain
