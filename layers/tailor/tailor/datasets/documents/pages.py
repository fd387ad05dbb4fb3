"""Join pages into one text: remove what each page repeats, and rejoin lines and divided words."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final

HYPHEN: Final = "\ufffe"
"""A hyphen at the end of a line, as the PDF library marks it."""
_LEADERS: Final = re.compile(r"(?:\. ?){5,}")
_NUMBERS: Final = re.compile(r"\d+")
_PAGE: Final = re.compile(
    r"(?:[-–—|\[(~ ]*(?:trang|page|tr\.|p\.|seite|s\.)?[\s:]*(?:\d{1,5}|[ivxlc]{1,7})"
    r"(?:\s*(?:/|of|von|sur|trên|trong|de|\|)\s*\d{1,5})?[-–—|\])~. ]*)",
    re.IGNORECASE,
)
_LONGEST_NUMBER: Final = 40
_OUTER: Final = 4
"""Number of lines at the top and the bottom of a page that may be repeated ones."""
_LEAST_PAGES: Final = 3
_SHARE: Final = 0.2
_FULL: Final = 0.75
_LONGEST: Final = 200
"""Maximum length of a repeated line that names its page."""
_SENTENCE_END: Final = (".", "!", "?", "…", "。", "！", "？", ":", ";", ".”", '."', ".)", ";”")
_STARTS: Final = re.compile(
    r"(?:[-–—•●▪◦·*+]|\(?\d{1,3}[.)]|\d+(?:\.\d+)+\.?|\(?[a-zđ][.)]|\(?[ivxlc]+[.)])\s|(?:[•●▪◦])"
)
_TITLES: Final = re.compile(
    r"(?:Điều|Chương|Mục|Phần|Tiểu mục|Phụ lục|Khoản|Article|Chapter|Section|Part|Annex|Appendix|Schedule|Title|CHƯƠNG|"
    r"PHẦN|MỤC|ĐIỀU|PHỤ LỤC|ARTICLE|CHAPTER|SECTION|PART|ANNEX|APPENDIX|SCHEDULE)\s+(?:\d+|[IVXLC]+|[A-Z])\b"
)
_DIVIDED: Final = re.compile(r"(?<![^\W\d_])([^\W\d_]{1,40})(?:-\n|\ufffe\n?)([^\W\d_]{1,40})")
_HYPHENATED: Final = re.compile(r"(?<![^\W\d_])[^\W\d_]{1,40}-[^\W\d_]{1,40}")
_WORDS: Final = re.compile(r"[^\W\d_]+")
_WIDE: Final = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\u3000-\u30ff]")


@dataclass(frozen=True, slots=True)
class Joined:
    """Text of all pages. ``starts``: where each page begins in it; ``removed``: repeated lines with their counts, as
    first seen."""

    text: str
    starts: list[int] = field(default_factory=list)
    removed: Counter[str] = field(default_factory=Counter)


def join(pages: Iterable[str]) -> Joined:
    """Return the joined text of pages, each given as lines."""
    split = [[line.strip() for line in page.split("\n")] for page in pages]
    split = [[_LEADERS.sub("… ", line) for line in page if line] for page in split]
    removed = _without_repeated(split)
    words = Counter(word for page in split for line in page for word in _HYPHENATED.findall(line))
    whole = Counter(word for page in split for line in page for word in _WORDS.findall(line))

    def mend(found: re.Match[str]) -> str:
        """Return a word that was divided at the end of a line, or a compound with its hyphen."""
        first, second = found[1], found[2]
        kept = words[f"{first}-{second}"] > whole[first + second] or not second[0].islower()
        return f"{first}-{second}" if kept else first + second

    blocks: list[str] = []
    starts: list[int] = []
    place = 0
    for page in split:
        lines = _DIVIDED.sub(mend, "\n".join(page)).replace(HYPHEN, "-").split("\n")
        found = list(_paragraphs(lines))
        if found and blocks and _goes_on(blocks[-1], found[0]):
            before, place = blocks[-1], place - len(blocks[-1]) - 2
            starts.append(place + len(before))
            found[0] = _DIVIDED.sub(mend, f"{before}\n{found[0]}") if before.endswith("-") else _glued(before, found[0])
            found[0] = found[0].replace("\n", "")
            blocks.pop()
        else:
            starts.append(place)
        for block in found:
            blocks.append(block)
            place += len(block) + 2
    return Joined("\n\n".join(blocks), starts, removed)


def _without_repeated(pages: list[list[str]]) -> Counter[str]:
    """Remove lines that many pages repeat, and page numbers, from the tops and bottoms of pages; return what was
    removed."""
    tops = _counted(page[:_OUTER] for page in pages)
    ends = _counted(page[-_OUTER:] for page in pages)
    least = max(_LEAST_PAGES, _SHARE * len(pages))
    removed: Counter[str] = Counter()
    first: dict[str, str] = {}
    for number, page in enumerate(pages):
        top = _outer(page[:_OUTER], number, tops, least)
        end = _outer(page[len(top) :][: -_OUTER - 1 : -1], number, ends, least)
        kept = top if number == 0 else []  # on the first page it is the title
        page[:] = [line for line in kept if not _is_number(line)] + page[len(top) : len(page) - len(end)]
        for line in (*([] if number == 0 else top), *end):
            removed[first.setdefault(_NUMBERS.sub("#", line), line)] += 1
    return removed


def _outer(lines: list[str], page: int, counts: Counter[str], least: float) -> list[str]:
    return list(takewhile(lambda line: _is_repeated(line, page, counts, least), lines))


def _counted(pages: Iterable[list[str]]) -> Counter[str]:
    return Counter(
        mark for number, lines in enumerate(pages) for mark in {m for line in lines for m in _marks(line, number)}
    )


def _marks(line: str, page: int) -> set[str]:
    """Return the keys by which a line equals one of another page: its text, and its text with the page's number
    replaced."""
    if _is_number(line):
        return {"#"}
    text = " ".join(line.split()).casefold()
    numbers = list(_NUMBERS.finditer(text)) if len(text) < _LONGEST else []
    ends = [numbers[0], numbers[-1]] if numbers else []
    return {text} | {f"{text[: at.start()]}#{int(at[0]) - page}{text[at.end() :]}" for at in ends if len(at[0]) < 6}


def _is_repeated(line: str, page: int, counts: Counter[str], least: float) -> bool:
    often = any(counts[mark] >= least for mark in _marks(line, page))
    return often and not _TITLES.match(line) and not _is_list(line)


def _is_list(line: str) -> bool:
    """Return whether a line is a list item with little text, with which many pages may begin or end."""
    return bool(_STARTS.match(line)) and not _is_number(line)


def _is_number(line: str) -> bool:
    """Return whether a line is only the number of its page."""
    return len(line) < _LONGEST_NUMBER and _PAGE.fullmatch(line) is not None


def _paragraphs(lines: list[str]) -> Iterator[str]:
    lengths = sorted(map(len, lines))
    usual = lengths[int(0.9 * (len(lengths) - 1))] if lengths else 0
    held = ""
    last = ""
    for line in lines:
        if held and _ends(last, line, usual):
            yield held
            held = line
        else:
            held = _glued(held, line)
        last = line
    if held:
        yield held


def _ends(line: str, following: str, usual: int) -> bool:
    """Return whether a paragraph ends with this line."""
    if _STARTS.match(following) or _TITLES.match(following):
        return True
    if _TITLES.match(line) and len(line) < _FULL * usual:
        return True
    short = len(line) < _FULL * usual
    if line.endswith(_SENTENCE_END):
        return short
    return short and not following[:1].islower()


def _goes_on(before: str, following: str) -> bool:
    """Return whether a paragraph continues on the next page."""
    if before.endswith(_SENTENCE_END) or _STARTS.match(following) or _TITLES.match(following):
        return False
    return following[:1].islower() or (before.endswith((",", "-")) and len(before) > 40)


def _glued(before: str, line: str) -> str:
    if not before:
        return line
    if _WIDE.match(before[-1]) and _WIDE.match(line[0]):
        return before + line
    return f"{before} {line}"
