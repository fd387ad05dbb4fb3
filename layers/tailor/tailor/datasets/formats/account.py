"""Account for each key of a row, a turn and a part: it is used by the format, has a meaning in any format, or is set
aside with a reason.

Rows with the same keys share a plan, which is made once, so that usual rows cost next to nothing.
"""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from tailor.datasets.example import Example, Text, Turn
from tailor.datasets.formats import carriers
from tailor.datasets.formats.base import Context, Converter, Format, Row
from tailor.datasets.formats.chat import describe
from tailor.datasets.formats.roles import pair_of, role_of, said_by, words_of
from tailor.datasets.formats.turns_account import reasoned
from tailor.datasets.sources import value_of
from tailor.findings import Finding, RowError, finding

_MOST_FATES: Final = 100
_MOST_PLANS: Final = 1000
_LOOKED_AT: Final = 20
_ENOUGH: Final = 4
_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class _Plan:
    """Fate of a row's keys. ``marks`` say whether its answer is good, ``carried`` are read in any format, ``aside`` are
    not used; each with its finding."""

    marks: tuple[str, ...]
    carried: tuple[tuple[str, carriers.Carried], ...]
    aside: tuple[tuple[str, Finding], ...]


class AccountingConverter:
    """Account of one file. :meth:`convert` is its format's converter, extended by what the format does not read.

    ``rows`` are the first ones, which show what keys hold; ``is_file`` knows the names of the dataset's files."""

    def __init__(self, format: Format, context: Context, rows: list[Row], is_file: Callable[[str], bool]) -> None:
        self._format, self._context, self._rows, self._is_file = format, context, rows, is_file
        self._converter: Converter = format.converter(context)
        self._plans: dict[tuple[str, ...], _Plan] = {}

    def convert(self, row: Row, line: int) -> Example:
        """Return the example that a row becomes. Raises RowError; without an error among its findings if the data says
        that the row is not for training."""
        plan = self._plans.get(tuple(row)) or self._plan(row)
        if plan.aside:
            self._set_aside(row, plan, line)
        if plan.marks:
            self._leave_out(row, plan)
        example = self._converter(row, line)
        if plan.carried:
            self._carry(example, row, plan, line)
        return example

    def fates(self) -> dict[str, str]:
        """Return, in words for the report, what becomes of each key of the first rows."""
        fields = {name: field for field, name in self._context.columns.items()} if self._format.uses_columns else {}
        found: dict[str, str] = {}
        for row in self._rows:
            plan = self._plans.get(tuple(row)) or self._plan(row)
            known = {key: f"used as the {field}" for key, field in {**fields, **dict(plan.carried)}.items()}
            known |= {key: f"shown as an {kind}" if kind == "image" else f"shown as a {kind}"
                      for key, kind in self._context.media.items()}  # fmt: skip
            known |= dict.fromkeys(plan.marks, "says which answers are good")
            known |= {key: reason.message for key, reason in plan.aside}
            for key in row:
                if key not in found and len(found) < _MOST_FATES:
                    found[key] = known.get(key, "used")
        return found

    def used(self, row: Row) -> set[str]:
        """Return the keys of a row that the format itself uses."""
        keys = self._format.keys
        if keys is None:
            return {*self._context.columns.values(), *self._context.media} if self._format.uses_columns else set(row)
        if not isinstance(keys, tuple):
            return {*keys(row), *self._context.media}
        found = set(self._context.media)
        for either in keys:
            names = (either,) if isinstance(either, str) else either
            found.update([name for name in names if name in row][:1])
        return found

    def _plan(self, row: Row) -> _Plan:
        used = self.used(row) | {name for name in self._named() if name in row}
        marks, aside = [], []
        carried: list[tuple[str, carriers.Carried]] = []
        for key in row:
            if key in used:
                continue
            carried_as = carriers.carried(key) or ("split" if carriers.are_splits(self._values(key)) else None)
            if any(map(split_inside, self._values(key))):
                carried.append((key, "split"))
                continue
            if carried_as and not (carried_as == "split" and not self._names_splits(key)):
                carried.append((key, carried_as))
            elif self._is_mark(key) and not carriers.is_of_guesses(key, row.keys() - used):
                marks.append(key)
            else:
                aside.append((key, self._reason(key)))
        plan = _Plan(tuple(marks), tuple(carried), tuple(aside))
        if len(self._plans) < _MOST_PLANS:
            self._plans[tuple(row)] = plan
        return plan

    def _named(self) -> Iterable[str]:
        """Apply columns that the recipe names, also where the format does not use them."""
        columns = self._context.data.columns
        return [name for name in columns.model_dump().values() if isinstance(name, str)]

    def _values(self, key: str) -> list[Any]:
        return [row[key] for row in self._rows if row.get(key) not in _EMPTY]

    def _names_splits(self, key: str) -> bool:
        return any(carriers.split_of(value, key) for value in self._values(key))

    def _is_mark(self, key: str) -> bool:
        values = self._values(key)
        if not carriers.is_mark(key):
            return carriers.are_clear_verdicts(values)
        if self._numbers_answers(key):
            return False
        return carriers.are_verdicts(values) or carriers.is_weight(key, values)

    def _numbers_answers(self, key: str) -> bool:
        """Return whether a key only repeats the answer, as the number of a label does."""
        answer = self._context.columns.get("answer", "") if self._format.uses_columns else ""
        pairs = [(str(row[key]), str(row[answer])) for row in self._rows if key in row and answer in row]
        distinct = len(set(pairs))
        sides = {len(set(side)) for side in zip(*pairs, strict=True)}
        return len(pairs) >= _ENOUGH and distinct > 1 and sides == {distinct} and distinct < len(pairs)

    def _reason(self, key: str) -> Finding:
        values = [value for value in self._values(key)[:_LOOKED_AT] if isinstance(value, str)]
        code, near = "not-used", ""
        if values and all("." in value and self._is_file(value) for value in values) and not self._is_shown(values):
            code = "not-used/files"
        elif carriers.is_telling(key) or carriers.tell_good_from_bad(self._values(key)):
            code = "not-used/telling"
        elif self._fits_choices(key):
            code = "not-used/choice"
        elif self._format.strict and isinstance(self._format.keys, tuple):
            names = [name for name in self._format.keys if isinstance(name, str)]
            near = next(iter(difflib.get_close_matches(key, names, n=1)), "")
            code = "not-used/misspelt" if near else code
        return finding(code, self._context.file, path=f"$.{key}", key=key, near=near)

    def _is_shown(self, files: list[str]) -> bool:
        """Return whether values are the files of a column that is used, written with other paths."""
        names = {file.rpartition("/")[2] for file in files}
        shown = [str(row.get(column)) for row in self._rows for column in self._context.media]
        return names <= {file.replace("\\", "/").rpartition("/")[2] for file in shown}

    def _fits_choices(self, key: str) -> bool:
        """Return whether most values of an unused key are among the rows' choices."""
        choices = self._context.choices
        if not choices or not self._format.asks:
            return False
        told = [(row[key], choices.options(row, [])) for row in self._rows if row.get(key) not in _EMPTY]
        fitting = sum(any(str(value).strip() == option.text for option in options) for value, options in told)
        return 2 * fitting > len(told)

    def _set_aside(self, row: Row, plan: _Plan, line: int) -> None:
        aside = [reason for key, reason in plan.aside if (value := row[key]) or value not in _EMPTY]
        if aside:
            self._context.notes.add_each(aside, line)

    def _leave_out(self, row: Row, plan: _Plan) -> None:
        for key in plan.marks:
            if carriers.marks_bad(key, row[key]):
                raise RowError(finding("marked-bad", path=f"$.{key}", key=key, value=row[key]))

    def _carry(self, example: Example, row: Row, plan: _Plan, line: int) -> None:
        problems: list[Finding] = []
        for key, field in plan.carried:
            value = row[key]
            if value in _EMPTY:
                continue
            if field == "split" and (inside := split_inside(value)):
                example.split = example.split or carriers.split_of(value[inside], inside)
                self._context.turns.note_others(value, {inside}, f"$.{key}", line)
            elif field == "split" and (split := carriers.split_of(value, key)):
                example.split = example.split or split
            elif field == "system" and isinstance(value, str) and value.strip():
                own = example.system if example.system != self._context.data.system else None
                example.system = f"{value}\n\n{own}" if own else value
            elif field == "history" and not isinstance(value, dict) and (before := earlier(value, key, problems)):
                example.turns[:0] = before
            elif field == "reasoning" and isinstance(value, str) and put_reasoning(example, value):
                pass
            elif not problems and not carriers.is_yes_or_no(key, value):
                self._context.notes.add(self._reason(key), line)
        if problems:
            raise RowError(*problems)


def split_inside(value: Any) -> str | None:
    """Return the key in an object, such as ``metadata``, that says the split of its row."""
    inside = value.items() if isinstance(value, dict) else ()
    named = (key for key, said in inside if carriers.carried(key) == "split" and carriers.split_of(said, key))
    return next(named, None)


def put_reasoning(example: Example, text: str) -> bool:
    """Put reasoning before the answer; return whether there is any."""
    turn = example.turns[-1] if example.turns else None
    if turn is None or turn.role != "assistant":
        return False
    first = next((block for block in turn.blocks if isinstance(block, Text)), None)
    if first:
        first.text = reasoned(text, first.text)
    return first is not None


def earlier(value: Any, key: str, problems: list[Finding]) -> list[Turn]:
    """Return the turns of a history: pairs of question and answer, as lists or objects, or messages with roles."""
    value = value_of(value) if isinstance(value, str) else value
    turns: list[Turn] = []
    if not isinstance(value, list):
        problems.append(finding("bad-history", path=key, kind=describe(value)))
        return turns
    for number, item in enumerate(value):
        said = _said(item)
        if not said:
            problems.append(finding("bad-history/exchange", path=f"$.{key}[{number}]"))
        turns += said
    return turns


def _said(item: Any) -> list[Turn]:
    if isinstance(item, dict):
        role, text = role_of(said_by(item)), words_of(item)[1]
        if (role == "user" or role == "assistant") and isinstance(text, str):
            return [Turn(role, [Text(text)])]
        item = [item[key] for key in pair_of(item) or ()]
    if isinstance(item, list | tuple) and len(item) == 2 and all(isinstance(text, str) for text in item):
        return [Turn("user", [Text(item[0])]), Turn("assistant", [Text(item[1])])]
    return []
