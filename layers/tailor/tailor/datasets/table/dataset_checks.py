"""Check the dataset as a whole: rows compared with each other, through the row table."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from itertools import compress
from typing import Any

from tailor.catalog import Model
from tailor.datasets.sources import MediaObject
from tailor.datasets.table.assign import RARE, TEST, TRAIN, VALIDATION
from tailor.datasets.table.near_duplicates import similar_pairs
from tailor.datasets.table.row_table import MEDIA_KINDS, RowTable
from tailor.datasets.table.splitter import SPLITS
from tailor.findings import Finding, finding
from tailor.language import LANGUAGES, LATIN, TITLES, of_japanese
from tailor.metrics.labels import MOST as MOST_LABELS
from tailor.recipe import Recipe

LABELS = frozenset({"label_accuracy", "macro_f1"})
_MOST_PAIRS = 1000
_ENOUGH_ROWS = 20
_CHINESE, _JAPANESE = LANGUAGES.index("zh"), LANGUAGES.index("ja")
_CLEAR_MAJORITY = 0.8
_SKEWED = 0.5


def compare_rows(
    table: RowTable, recipe: Recipe, tone_styles: Mapping[str, tuple[int, str]], files: list[str], captions: set[int]
) -> Iterator[Finding]:
    """Check rows before they are split: duplicates, conflicts, languages, tone marks, kinds of media.

    ``captions`` are the places of files with captions, of which a picture may have several. ``tone_styles`` maps each
    style in use (``first``, ``second``) to its rows and its first word."""
    repeated = table.repeated("input")
    again = [row for row, input in enumerate(table.column["input"]) if input in repeated] if repeated else []
    yield from _duplicates(table, files, again, drop=recipe.data.duplicates == "drop")
    if recipe.method != "preference-optimization":  # where a question may have many pairs
        yield from _conflicts(table, files, [row for row in again if table.column["file"][row] not in captions])
    yield from _languages(table, files, recipe.evaluation.language)
    if len(tone_styles) == 2:
        (old, old_word), (new, new_word) = tone_styles["first"], tone_styles["second"]
        yield finding("tone-marks", "", old=old, new=new, old_word=old_word, new_word=new_word)
    kinds = Counter(table.column["media"])
    pictures, videos = kinds[MEDIA_KINDS.index("image")], kinds[MEDIA_KINDS.index("video")]
    if pictures and videos:
        yield finding("images-and-videos", "", images=pictures, videos=videos)


def find_leaks(table: RowTable, names: list[str]) -> Iterator[Finding]:
    """Find rows and groups that are on both sides of a given split. Leaked rows are left out."""
    if not any(table.splits()):
        return
    inputs, answers, groups = (table.column[name] for name in ("input", "answer", "grp"))
    repeated = table.repeated("input")
    again = [row for row in table.rows() if inputs[row] in repeated]
    for row, first in _crossing(table, again, lambda row: (inputs[row], answers[row])):
        other, other_line = _place(table, names, first)
        file, line = _place(table, names, row)
        yield finding("leaked-row", file, line, other=SPLITS[table.split(first)], where=other, first=other_line)
        table.leave_out([row], "leaked-row")
    repeated = table.repeated("grp")
    again = [row for row in table.rows() if groups[row] in repeated]
    shared: dict[tuple[int, int], list[int]] = {}
    for row, first in _crossing(table, again, groups.__getitem__):
        shared.setdefault((table.split(row), table.split(first)), [0, row, first])[0] += 1
    for (split, lowest), (number, row, first) in shared.items():
        other, other_line = _place(table, names, first)
        sides = f"{other} line {other_line}"
        file, _ = _place(table, names, row)
        yield finding("shared-group", file, count=number, part=SPLITS[split], other=SPLITS[lowest], example=sides)


def join_captions(table: RowTable, captions: set[int]) -> Iterator[Finding]:
    """Join captions after the split: several captions of a tested picture become one row with several answers."""
    repeated = table.repeated("input") if captions else set()
    first: dict[int, int] = {}
    for row in list(table.rows(TEST)) if repeated else ():
        input, answer = table.column["input"][row], table.column["answer"]
        if input not in repeated or table.column["file"][row] not in captions:
            continue
        known = first.setdefault(input, row)
        if known != row:
            table.leave_out([row], "captions-joined/row")
            if answer[row] != answer[known]:
                table.joined.setdefault(known, []).append(row)
    joined = table.reasons()["captions-joined/row"]
    if joined:
        yield finding("captions-joined", "", count=joined, pictures=len(table.joined))


def _crossing(table: RowTable, rows: list[int], same: Callable[[int], Hashable]) -> list[tuple[int, int]]:
    """Yield rows that equal one in an earlier split, each with the first of that split."""
    first: dict[Hashable, tuple[int, int]] = {}
    for row in rows:
        key, place = same(row), (table.split(row), row)
        first[key] = min(place, first.get(key, place))
    return [(row, first[same(row)][1]) for row in rows if table.split(row) > first[same(row)][0]]


def unused_media(table: RowTable, media: Iterable[MediaObject]) -> Iterator[Finding]:
    """Return one finding for all uploaded media that no row refers to."""
    unused = [item.name for item in media if not table.one("SELECT 1 FROM media WHERE name = ?", (item.name,))]
    if unused:
        yield finding("media-unused", "", count=len(unused), name=unused[0])


def compare_media(table: RowTable) -> Iterator[Finding]:
    """Find a picture under two names, and pictures that look alike on both sides of the split."""
    for first, name in table.query(
        "SELECT first, name FROM (SELECT name, MIN(name) OVER (PARTITION BY digest) AS first FROM media "
        "WHERE digest != '') WHERE name > first ORDER BY name"
    ):
        yield finding("same-media", name, name=name, other=first)
    shown = table.query("SELECT MIN(name), look, grp FROM media WHERE LENGTH(look) > 0 GROUP BY digest ORDER BY 1")
    pictures = compress(table.rows(), table.used("media"))
    splits: dict[int, int] = {}
    for row in pictures:
        group = table.column["grp"][row]
        splits[group] = min(table.split(row), splits.get(group, len(SPLITS)))
    placed = ((name, look, splits[group]) for name, look, group in shown if group in splits)
    for number, (one, other) in enumerate(similar_pairs(placed)):
        if number == _MOST_PAIRS:
            return
        split, other_split = SPLITS[one[1]], SPLITS[other[1]]
        yield finding("similar-media", one[0], name=one[0], part=split, other=other[0], other_part=other_split)


def check_counts(table: RowTable, recipe: Recipe, model: Model) -> Iterator[Finding]:
    """Check the sizes of splits: enough to train, enough to test, every kind tested."""
    limits = model.method(recipe.method).limits
    training, testing, usable = table.count(TRAIN), table.count(TEST), table.count(TRAIN, VALIDATION, TEST)
    if not usable:
        yield finding("no-rows", "")
        return
    logged = recipe.method == "distillation" and recipe.distillation.logs is not None
    few: dict[str, Any] = {"limit": limits.min_rows, "model": model.name}
    if logged:
        pass  # what teaches lies in the logs
    elif usable < limits.min_rows:
        yield finding("too-few-rows", "", what="usable rows", count=usable, **few)
        return
    elif training < limits.min_rows:
        yield finding("too-few-rows", "", what="rows for training", count=training, **few)
    elif training < limits.recommended_rows:
        yield finding("few-rows", "", count=training, limit=limits.recommended_rows)
    if not recipe.split.test and not testing and recipe.data.questions is None:
        yield finding("nothing-to-test", "")
    if recipe.split.test and testing < recipe.evaluation.minimum_rows:
        yield finding("small-test", "", count=testing, limit=recipe.evaluation.minimum_rows)
    evaluation = recipe.evaluation
    by_label = [name for name in (evaluation.metric, *(guard.metric for guard in evaluation.guards)) if name in LABELS]
    labels = len(set(table.used("answer", TEST))) if by_label and recipe.data.questions is None else 0
    if min(labels, evaluation.max_rows) > MOST_LABELS:
        yield finding("too-many-labels", "", count=labels, limit=MOST_LABELS, metric=by_label[0])
    tested = Counter(table.used("kind", TEST))
    for kind, rows in sorted(Counter(table.used("kind")).items()):
        if testing and not tested[kind] and rows >= RARE:
            yield finding("kind-not-tested", "", kind=table.kinds[kind], count=rows)


def top_answers(table: RowTable, most: int = 10) -> list[tuple[int, int, float]]:
    """Return the first row with each of the most frequent answers, the number of rows with it, and their share."""
    repeated, answers, words = table.repeated("answer"), table.column["answer"], table.column["words"]
    total = sum(map(bool, table.used("words")))
    counts: dict[int, list[int]] = {}
    for row in table.rows():
        if words[row] and (answers[row] in repeated or len(counts) < most):
            counts.setdefault(answers[row], [0, row])[0] += 1
        elif not repeated and len(counts) == most:
            break
    top = sorted(counts.values(), key=lambda found: (-found[0], found[1]))[:most]
    return [(row, many, many / total) for many, row in top]


def check_skew(top: list[tuple[str, int, float]]) -> Iterator[Finding]:
    if top and top[0][1] >= _ENOUGH_ROWS and top[0][2] > _SKEWED:
        yield finding("skewed-answers", "", answer=top[0][0], share=top[0][2])


def _duplicates(table: RowTable, names: list[str], again: list[int], *, drop: bool) -> Iterator[Finding]:
    """Find duplicates and conflicts. ``again``: the rows whose input others have too."""
    code = "duplicate-dropped" if drop else "duplicate-row"
    inputs, answers = table.column["input"], table.column["answer"]
    first: dict[tuple[int, int], int] = {}
    for row in again:
        known = first.setdefault((inputs[row], answers[row]), row)
        if known != row:
            other, other_line = _place(table, names, known)
            yield finding(code, *_place(table, names, row), where=other, first=other_line)
            if drop:
                table.leave_out([row], code)


def _conflicts(table: RowTable, names: list[str], again: list[int]) -> Iterator[Finding]:
    inputs, answers, words = (table.column[name] for name in ("input", "answer", "words"))
    first: dict[int, int] = {}
    told: set[tuple[int, int]] = set()
    for row in again:
        known = first.setdefault(inputs[row], row)
        if answers[known] != answers[row] and (inputs[row], answers[row]) not in told and words[row]:
            told.add((inputs[row], answers[row]))
            other, other_line = _place(table, names, known)
            yield finding("conflicting-answers", *_place(table, names, row), where=other, first=other_line)


def _languages(table: RowTable, names: list[str], asked: str) -> Iterator[Finding]:
    spoken = table.column["language"]
    counts = Counter(spoken)
    counts.pop(0, None)
    alike = {("en", LATIN), (LATIN, "en")}
    if of_japanese({LANGUAGES[found]: count for found, count in counts.items()}):
        counts[_JAPANESE] += counts.pop(_CHINESE, 0)
        alike.add(("ja", "zh"))
    if asked in LANGUAGES:
        expected = LANGUAGES.index(asked)
    elif counts:
        expected = max(counts, key=lambda each: (counts[each], -each))
        if counts.total() < _ENOUGH_ROWS or counts[expected] < _CLEAR_MAJORITY * counts.total():
            return
    else:
        return
    for row, found in enumerate(spoken) if counts.keys() - {expected} else ():
        wanted, got = LANGUAGES[expected], LANGUAGES[found]
        if found not in (0, expected) and (wanted, got) not in alike:
            titles = TITLES[got], TITLES[wanted].split(",")[0]
            yield finding("unexpected-language", *_place(table, names, row), found=titles[0], expected=titles[1])


def _place(table: RowTable, names: list[str], row: int) -> tuple[str, int]:
    return names[table.column["file"][row]], table.column["line"][row]
