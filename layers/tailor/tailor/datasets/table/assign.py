"""Assign every row to a split: given splits are kept, others decided by group; then apply the model's maximum."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from tailor.catalog import Model
from tailor.datasets.example import SplitName
from tailor.datasets.table.row_table import RowTable
from tailor.datasets.table.splitter import SPLITS, Splitter, even_out, is_even
from tailor.findings import Finding, finding
from tailor.recipe import Recipe

TRAIN, VALIDATION, TEST = (SPLITS.index(split) for split in ("train", "validation", "test"))
RARE = 10
"""A kind of answers with fewer groups need not be in every split."""


def assign_splits(table: RowTable, recipe: Recipe, model: Model) -> Iterator[Finding]:
    """Set the split of every row, leave out rows over the maximum, and yield findings."""
    limits = model.method(recipe.method).limits
    takes_validation = model.method(recipe.method).takes_validation_set
    splitter = Splitter.of(recipe.split, validation_set=takes_validation)
    if recipe.method == "distillation" and recipe.distillation.logs is not None:
        table.assign(bytes([TEST]) * len(table))  # logged requests teach; the dataset's rows are the evaluation
        return
    given = {split for split in (TRAIN, VALIDATION, TEST) if table.count(split)}
    if not given and limits.min_rows == 0:
        table.assign(bytes([TEST]) * len(table))  # a model that was made elsewhere is only measured on them
        return
    if given == {VALIDATION} and all(table.splits()):
        yield finding("split-without-training", "", count=table.count(VALIDATION))
        table.assign(bytes(len(table)))
        given = set()
    if given:
        yield from _keep_given(table, splitter, given, takes_validation, model.name)
    else:
        yield from _split(table, splitter, limits.min_rows)
        if recipe.method == "distillation":
            _hold_out_gold(table, splitter)
        if table.count(TRAIN) < limits.min_rows <= table.count(TRAIN, VALIDATION, TEST):
            yield from _return_to_training(table, splitter, limits.min_rows, model.name)
    if limits.max_validation_rows is not None:
        yield from _sample(table, splitter, (VALIDATION,), limits.max_validation_rows, model.name)
    counted = (TRAIN, VALIDATION) if limits.rows_count_validation else (TRAIN,)
    yield from _sample(table, splitter, counted, limits.max_rows, model.name)


def _keep_given(
    table: RowTable, splitter: Splitter, given: set[int], takes_validation: bool, model: str
) -> Iterator[Finding]:
    table.assign(bytes(split or TRAIN for split in table.splits()))
    if VALIDATION in given and not takes_validation:
        yield finding("validation-unused", "", count=table.count(VALIDATION), model=model)
        table.assign(table.splits().replace(bytes([VALIDATION]), bytes([TEST])))
        given = {*given, TEST}
    if TEST not in given and splitter.test:
        splitter.validation = 0.0
        table.assign(splitter.splits_of(table.column["grp"]), only=table.rows(TRAIN))
        yield finding("test-from-train", "", count=table.count(TEST))


def _split(table: RowTable, splitter: Splitter, least: int) -> Iterator[Finding]:
    """Split by hash; then move few groups to bring rare kinds of answers, or a small dataset, within bounds."""
    groups = table.column["grp"]
    table.assign(splitter.splits_of(groups))
    alone = not table.repeated("grp")
    spread = {
        split: table.count(split) if alone else len(set(table.used("grp", split)))
        for split in (TRAIN, VALIDATION, TEST)
    }
    for kind in _uneven_kinds(table, splitter, alone):
        even_out(splitter, (groups[row] for row in table.rows() if table.column["kind"][row] == kind))
    if not is_even(splitter, _named(spread)):
        even_out(splitter, table.used("grp"))
    if splitter.forced:
        table.assign(splitter.splits_of(groups))
    if table.count(TRAIN, VALIDATION, TEST) < least:
        return  # nothing is trained on, so nothing is missed
    for split, share in splitter.shares:
        if share and not table.count(SPLITS.index(split)):
            yield finding("empty-part", "", part=split, groups=sum(spread.values()))


def _hold_out_gold(table: RowTable, splitter: Splitter) -> None:
    """Test with groups that have a right answer first, if only some have one: only these can be scored."""
    groups, words = table.column["grp"], table.column["words"]
    gold = {groups[row] for row in table.rows() if words[row]}
    sizes = Counter(table.used("grp"))
    if not gold or len(gold) == len(sizes):
        return
    wanted, tested = table.count(TEST), set[int]()
    for group in sorted(sizes, key=lambda group: (group not in gold, splitter.rank(group))):
        if wanted <= 0:
            break
        tested.add(group)
        wanted -= sizes[group]
    table.assign(bytes([TRAIN]) * len(table), only=[row for row in table.rows(TEST) if groups[row] not in tested])
    table.assign(bytes([TEST]) * len(table), only=[row for row in table.rows() if groups[row] in tested])


def _uneven_kinds(table: RowTable, splitter: Splitter, alone: bool) -> list[int]:
    """Yield the kinds of answers that chance spread unevenly over the splits, rarest first. ``alone``: each row is a
    group."""
    spread: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for split in (TRAIN, VALIDATION, TEST):
        kinds: Iterable[int] = table.used("kind", split)
        if not alone:
            kinds = (kind for kind, _ in set(zip(kinds, table.used("grp", split), strict=True)))
        for kind, groups in Counter(kinds).items():
            spread[kind][split] = groups
    sizes = [(sum(splits.values()), kind) for kind, splits in spread.items() if not is_even(splitter, _named(splits))]
    return [kind for size, kind in sorted(sizes) if size >= RARE]


def _named(spread: dict[int, int]) -> dict[SplitName | None, int]:
    return {SPLITS[split]: groups for split, groups in spread.items()}


def _return_to_training(table: RowTable, splitter: Splitter, least: int, model: str) -> Iterator[Finding]:
    """Return held-out rows to training if a just sufficient dataset would become too small; validation goes first."""
    held = table.count(VALIDATION, TEST)
    for split in (VALIDATION, TEST):
        rows: defaultdict[int, list[int]] = defaultdict(list)
        for row in table.rows(split):
            rows[table.column["grp"][row]].append(row)
        for group in sorted(rows, key=splitter.place, reverse=True):
            if table.count(TRAIN) >= least:
                break
            table.assign(bytes([TRAIN]) * len(table), only=rows[group])
    left = table.count(VALIDATION, TEST)
    if left < held:
        yield finding("held-out-reduced", "", count=held - left, left=left, limit=least, model=model)


def _sample(table: RowTable, splitter: Splitter, splits: tuple[int, ...], most: int, model: str) -> Iterator[Finding]:
    """Leave out whole groups, in the order of a hash, until at most ``most`` rows remain in these splits."""
    have = table.count(*splits)
    if have <= most:
        return
    total, highest = 0, -1
    sizes = Counter(table.used("grp", *splits))
    large = {group for group, size in sizes.items() if size > most}
    if large:
        rows = sum(sizes[group] for group in large)
        yield finding("group-too-large", "", groups=len(large), count=rows, limit=most, model=model)
    for rank, size in sorted((splitter.rank(group), size) for group, size in sizes.items() if group not in large):
        if total + size > most:
            break
        total, highest = total + size, rank
    groups = table.column["grp"]
    left = [row for row in table.rows(*splits) if groups[row] in large or splitter.rank(groups[row]) > highest]
    table.leave_out(left, "left-out")
    yield finding("too-many-rows", "", count=have, limit=most, left=have - total, model=model)
