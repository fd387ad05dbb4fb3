"""Every row gets its part: given splits are kept, others decided by group; then the model's maximum is respected."""

from collections.abc import Iterator

from tailor.catalog import Model
from tailor.datasets.checks import finding
from tailor.datasets.ledger import Ledger
from tailor.datasets.model import Finding, SplitName
from tailor.datasets.split import PARTS, Splitter, even_out, is_even
from tailor.recipe import Recipe

TRAIN, VALIDATION, TEST = (PARTS.index(part) for part in ("train", "validation", "test"))
RARE = 10
"""A kind of answers with fewer groups need not be in every part."""


def assign_parts(ledger: Ledger, recipe: Recipe, model: Model) -> Iterator[Finding]:
    """Sets ``part`` of every row, leaves out what is over the maximum, and yields what people should know."""
    limits = model.method(recipe.method).limits
    takes_validation = model.method(recipe.method).takes_validation_set
    splitter = Splitter.of(recipe.split, validation_set=takes_validation)
    given = {part for (part,) in ledger.query("SELECT DISTINCT part FROM used")} - {0}
    if given:
        yield from _keep_given(ledger, splitter, given, takes_validation, model.name)
    else:
        yield from _split(ledger, splitter, limits.min_rows)
        if count(ledger, TRAIN) < limits.min_rows <= count(ledger, TRAIN, VALIDATION, TEST):
            yield from _return_to_training(ledger, splitter, limits.min_rows, model.name)
    if limits.max_validation_rows is not None:
        yield from _sample(ledger, splitter, (VALIDATION,), limits.max_validation_rows, model.name)
    counted = (TRAIN, VALIDATION) if limits.rows_count_validation else (TRAIN,)
    yield from _sample(ledger, splitter, counted, limits.max_rows, model.name)


def count(ledger: Ledger, *parts: int) -> int:
    """Rows of these parts that are in use."""
    return sum(ledger.one("SELECT COUNT(*) FROM used WHERE part = ?", (part,)) for part in parts)


def _keep_given(
    ledger: Ledger, splitter: Splitter, given: set[int], takes_validation: bool, model: str
) -> Iterator[Finding]:
    ledger.execute("UPDATE rows SET part = ? WHERE part = 0", (TRAIN,))
    if VALIDATION in given and not takes_validation:
        yield finding("validation-unused", "", count=count(ledger, VALIDATION), model=model)
        ledger.execute("UPDATE rows SET part = ? WHERE part = ?", (TEST, VALIDATION))
        given = {*given, TEST}
    if TEST not in given and splitter.test:
        splitter.validation = 0.0
        _apply(ledger, splitter, only=TRAIN)
        yield finding("test-from-train", "", count=count(ledger, TEST))


def _split(ledger: Ledger, splitter: Splitter, least: int) -> Iterator[Finding]:
    """By hash alone; then few groups are moved to bring rare kinds of answers, or a small dataset, into bounds."""
    _apply(ledger, splitter)
    spread = dict(ledger.query("SELECT part, COUNT(DISTINCT grp) FROM used GROUP BY part"))
    for kind in _uneven_kinds(ledger, splitter):
        even_out(splitter, (group for (group,) in ledger.query("SELECT grp FROM used WHERE kind = ?", (kind,))))
    if not is_even(splitter, _named(spread)):
        even_out(splitter, (group for (group,) in ledger.query("SELECT DISTINCT grp FROM used")))
    if splitter.forced:
        _apply(ledger, splitter)
    if count(ledger, TRAIN, VALIDATION, TEST) < least:
        return  # nothing is trained on, so nothing is missed
    for part, share in splitter.shares:
        if share and not count(ledger, PARTS.index(part)):
            yield finding("empty-part", "", part=part, groups=sum(spread.values()))


def _uneven_kinds(ledger: Ledger, splitter: Splitter) -> list[str]:
    """The kinds of answers that chance spread badly over the parts, the rarest first."""
    spread: dict[str, dict[int, int]] = {}
    for kind, part, groups in ledger.query("SELECT kind, part, COUNT(DISTINCT grp) FROM used GROUP BY kind, part"):
        spread.setdefault(kind, {})[part] = groups
    sizes = [(sum(parts.values()), kind) for kind, parts in spread.items() if not is_even(splitter, _named(parts))]
    return [kind for groups, kind in sorted(sizes) if groups >= RARE]


def _named(spread: dict[int, int]) -> dict[SplitName | None, int]:
    return {PARTS[part]: groups for part, groups in spread.items()}


def _return_to_training(ledger: Ledger, splitter: Splitter, least: int, model: str) -> Iterator[Finding]:
    """A dataset that is just large enough must not become too small by what is held out: validation gives way first."""
    held = count(ledger, VALIDATION, TEST)
    for part in (VALIDATION, TEST):
        groups = [group for (group,) in ledger.query("SELECT DISTINCT grp FROM used WHERE part = ?", (part,))]
        for group in sorted(groups, key=splitter.place, reverse=True):
            if count(ledger, TRAIN) >= least:
                break
            ledger.execute("UPDATE rows SET part = ? WHERE grp = ?", (TRAIN, group))
    left = count(ledger, VALIDATION, TEST)
    if left < held:
        yield finding("held-out-reduced", "", count=held - left, left=left, limit=least, model=model)


def _apply(ledger: Ledger, splitter: Splitter, only: int | None = None) -> None:
    ledger.function("part_of", 1, lambda group: PARTS.index(splitter.part(group)))
    ledger.execute("UPDATE rows SET part = part_of(grp) WHERE part = COALESCE(?, part)", (only,))


def _sample(ledger: Ledger, splitter: Splitter, parts: tuple[int, ...], most: int, model: str) -> Iterator[Finding]:
    """Leaves out whole groups, by a hash of their own, until at most ``most`` rows remain in these parts."""
    have = count(ledger, *parts)
    if have <= most:
        return
    ledger.function("rank_of", 1, splitter.rank)
    first, last = min(parts), max(parts)
    total, highest = 0, -1
    sizes: Iterator[tuple[int, int]] = ledger.query(
        "SELECT rank_of(grp) AS rank, COUNT(*) FROM used WHERE part BETWEEN ? AND ? GROUP BY grp ORDER BY rank",
        (first, last),
    )
    for rank, size in sizes:
        if total + size > most:
            break
        total, highest = total + size, rank
    ledger.execute(
        "INSERT INTO left_out SELECT n, 'left-out' FROM used WHERE part BETWEEN ? AND ? AND rank_of(grp) > ?",
        (first, last, highest),
    )
    yield finding("too-many-rows", "", count=have, limit=most, left=have - total, model=model)
