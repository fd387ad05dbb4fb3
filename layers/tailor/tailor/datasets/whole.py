"""Checks of the dataset as a whole: rows compared with each other, through the ledger."""

from collections.abc import Iterable, Iterator
from typing import Any

from tailor.catalog import Model
from tailor.datasets import language
from tailor.datasets.checks import finding
from tailor.datasets.ledger import MEDIA_KINDS, Ledger
from tailor.datasets.model import Finding
from tailor.datasets.objects import MediaObject
from tailor.datasets.parts import RARE, TEST, TRAIN, VALIDATION, count
from tailor.datasets.rows import Totals
from tailor.datasets.similar import similar_pairs
from tailor.datasets.split import PARTS
from tailor.recipe import Recipe

_MOST_PAIRS = 1000
_ENOUGH_ROWS = 20
_CLEAR_MAJORITY = 0.8
_SKEWED = 0.5
_SPOKEN = "SELECT language, COUNT(*) FROM rows WHERE language > 0 GROUP BY language"


def compare_rows(ledger: Ledger, recipe: Recipe, totals: Totals, files: list[str]) -> Iterator[Finding]:
    """Before rows get their parts: duplicates, conflicts, languages, tone marks, kinds of media."""
    ledger.execute("CREATE TEMP TABLE repeated AS SELECT input FROM rows GROUP BY input HAVING COUNT(*) > 1")
    ledger.execute("CREATE UNIQUE INDEX repeated_input ON repeated (input)")
    yield from _duplicates(ledger, files, drop=recipe.data.duplicates == "drop")
    yield from _conflicts(ledger, files)
    yield from _languages(ledger, files, recipe.evaluation.language)
    if len(totals.styles) == 2:
        words = totals.style_words
        yield finding(
            "tone-marks", "", old=totals.styles["first"], new=totals.styles["second"],
            old_word=words["first"][1], new_word=words["second"][1],
        )  # fmt: skip
    kinds = dict(ledger.query("SELECT media, COUNT(*) FROM rows GROUP BY media"))
    pictures, videos = kinds.get(MEDIA_KINDS.index("image"), 0), kinds.get(MEDIA_KINDS.index("video"), 0)
    if pictures and videos:
        yield finding("images-and-videos", "", images=pictures, videos=videos)


def find_leaks(ledger: Ledger, names: list[str]) -> Iterator[Finding]:
    """With a given split: rows and groups that stand on both sides. Leaked rows are left out."""
    if not ledger.one("SELECT EXISTS (SELECT 1 FROM rows WHERE part > 0)"):
        return
    leaked = list(
        ledger.query(
            "SELECT n, file, line, first, (SELECT part FROM rows WHERE n = first) FROM (SELECT n, file, line, part, "
            "FIRST_VALUE(n) OVER same AS first, MIN(part) OVER (PARTITION BY input, answer) AS lowest "
            "FROM used WINDOW same AS (PARTITION BY input, answer ORDER BY part, n)) WHERE part > lowest ORDER BY n"
        )
    )
    for n, file, line, first, part in leaked:
        other, other_line = _place(ledger, names, first)
        yield finding("leaked-row", names[file], line, other=PARTS[part], where=other, first=other_line)
        ledger.leave_out([n], "leaked-row")
    shared: dict[tuple[int, int], list[int]] = {}
    for part, lowest, file, first in ledger.query(
        "SELECT part, lowest, file, first FROM (SELECT n, part, file, MIN(part) OVER (PARTITION BY grp) AS "
        "lowest, FIRST_VALUE(n) OVER (PARTITION BY grp ORDER BY part, n) AS first FROM used) "
        "WHERE part > lowest ORDER BY n"
    ):
        shared.setdefault((part, lowest), [0, file, first])[0] += 1
    for (part, lowest), (number, file, first) in shared.items():
        other, other_line = _place(ledger, names, first)
        sides = f"{other} line {other_line}"
        yield finding("shared-group", names[file], count=number, part=PARTS[part], other=PARTS[lowest], example=sides)


def unused_media(ledger: Ledger, media: Iterable[MediaObject]) -> Iterator[Finding]:
    """Uploaded media that no row names: one finding for all."""
    unused = [item.name for item in media if not ledger.one("SELECT 1 FROM media WHERE name = ?", (item.name,))]
    if unused:
        yield finding("media-unused", "", count=len(unused), name=unused[0])


def compare_media(ledger: Ledger) -> Iterator[Finding]:
    """One picture under two names, and pictures that look alike on both sides of the split."""
    for first, name in ledger.query(
        "SELECT first, name FROM (SELECT name, MIN(name) OVER (PARTITION BY digest) AS first FROM media "
        "WHERE digest != '') WHERE name > first ORDER BY name"
    ):
        yield finding("same-media", name, name=name, other=first)
    placed = ledger.query(
        "SELECT MIN(media.name), media.look, MIN(rows.part) FROM media JOIN used AS rows ON rows.grp = media.grp "
        "WHERE LENGTH(media.look) > 0 GROUP BY media.digest ORDER BY 1"
    )
    for number, (one, other) in enumerate(similar_pairs(placed)):
        if number == _MOST_PAIRS:
            return
        part, other_part = PARTS[one[1]], PARTS[other[1]]
        yield finding("similar-media", one[0], name=one[0], part=part, other=other[0], other_part=other_part)


def check_counts(ledger: Ledger, recipe: Recipe, model: Model) -> Iterator[Finding]:
    """After rows got their parts: enough to train, enough to test, every kind tested."""
    limits = model.method(recipe.method).limits
    training, testing, usable = count(ledger, TRAIN), count(ledger, TEST), count(ledger, TRAIN, VALIDATION, TEST)
    if not usable:
        yield finding("no-rows", "")
        return
    few: dict[str, Any] = {"limit": limits.min_rows, "model": model.name}
    if usable < limits.min_rows:
        yield finding("too-few-rows", "", what="usable rows", count=usable, **few)
        return
    if training < limits.min_rows:
        yield finding("too-few-rows", "", what="rows for training", count=training, **few)
    elif training < limits.recommended_rows:
        yield finding("few-rows", "", count=training, limit=limits.recommended_rows)
    if recipe.split.test and testing < recipe.evaluation.minimum_rows:
        yield finding("small-test", "", count=testing, limit=recipe.evaluation.minimum_rows)
    kinds = "SELECT kind, COUNT(*), SUM(part = ?) FROM used GROUP BY kind"
    for kind, rows, tested in ledger.query(kinds, (TEST,)):
        if testing and not tested and rows >= RARE:
            yield finding("kind-not-tested", "", kind=kind, count=rows)


def top_answers(ledger: Ledger, most: int = 10) -> list[tuple[int, int, float]]:
    """The first row with each of the most frequent answers, how many rows have it, and their share."""
    total = ledger.one("SELECT COUNT(*) FROM used WHERE words > 0") or 1
    rows = ledger.query(
        "SELECT MIN(n), COUNT(*) AS many FROM used WHERE words > 0 GROUP BY answer ORDER BY many DESC, 1 LIMIT ?",
        (most,),
    )
    return [(first, many, many / total) for first, many in rows]


def check_skew(top: list[tuple[str, int, float]]) -> Iterator[Finding]:
    if top and top[0][1] >= _ENOUGH_ROWS and top[0][2] > _SKEWED:
        yield finding("skewed-answers", "", answer=top[0][0], share=top[0][2])


def _duplicates(ledger: Ledger, names: list[str], *, drop: bool) -> Iterator[Finding]:
    code = "duplicate-dropped" if drop else "duplicate-row"
    found = ledger.query(
        "SELECT n, file, line, first FROM (SELECT n, file, line, MIN(n) OVER (PARTITION BY input, answer) AS first "
        "FROM rows WHERE input IN repeated) WHERE n > first ORDER BY n"
    )
    for n, file, line, first in list(found) if drop else found:
        other, other_line = _place(ledger, names, first)
        yield finding(code, names[file], line, where=other, first=other_line)
        if drop:
            ledger.leave_out([n], code)


def _conflicts(ledger: Ledger, names: list[str]) -> Iterator[Finding]:
    for file, line, first in ledger.query(
        "SELECT file, line, first FROM (SELECT n, file, line, answer, words, FIRST_VALUE(n) OVER same AS first, "
        "FIRST_VALUE(answer) OVER same AS known, ROW_NUMBER() OVER (PARTITION BY input, answer ORDER BY n) AS nth "
        "FROM rows WHERE input IN repeated WINDOW same AS (PARTITION BY input ORDER BY n)) "
        "WHERE answer != known AND words > 0 AND nth = 1 ORDER BY n"
    ):
        other, other_line = _place(ledger, names, first)
        yield finding("conflicting-answers", names[file], line, where=other, first=other_line)


def _languages(ledger: Ledger, names: list[str], asked: str) -> Iterator[Finding]:
    counts: dict[Any, int] = dict(ledger.query(_SPOKEN))
    if asked in language.LANGUAGES:
        expected = language.LANGUAGES.index(asked)
    elif counts:
        expected = max(counts, key=lambda spoken: (counts[spoken], -spoken))
        if sum(counts.values()) < _ENOUGH_ROWS or counts[expected] < _CLEAR_MAJORITY * sum(counts.values()):
            return
    else:
        return
    alike = {("en", "latin"), ("latin", "en")}
    rows = ledger.query("SELECT file, line, language FROM rows WHERE language NOT IN (0, ?) ORDER BY n", (expected,))
    for file, line, spoken in rows:
        wanted, got = language.LANGUAGES[expected], language.LANGUAGES[spoken]
        if (wanted, got) not in alike:
            titles = language.TITLES[got], language.TITLES[wanted].split(",")[0]
            yield finding("unexpected-language", names[file], line, found=titles[0], expected=titles[1])


def _place(ledger: Ledger, names: list[str], n: int) -> tuple[str, int]:
    file, line = next(ledger.query("SELECT file, line FROM rows WHERE n = ?", (n,)))
    return names[file], line
