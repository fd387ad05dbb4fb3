"""Define a format: how it is recognised, and how one of its rows becomes an example."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tailor.datasets.example import Example, MediaKind
from tailor.datasets.formats.multiple_choice import Choices
from tailor.datasets.formats.turns_account import TurnsAccount
from tailor.findings import FindingTally
from tailor.recipe import Data, Method

Row = dict[str, Any]
Keys = tuple[str | tuple[str, ...], ...]
Converter = Callable[[Row, int], Example]
"""Takes a row and its line; raises RowError with everything that is wrong with the row."""


@dataclass(slots=True)
class Context:
    """Settings of one file for its format.

    ``columns`` maps fields (question, answer, image, …) to the columns that hold them, for formats with free columns.
    ``choices``: how multiple choice is read. ``prompt``: the question for rows that have none. ``media``: the columns
    that name media, in order. ``shows``: the dataset holds media; ``knows`` one of its files by name. ``merged``: names
    of media stand in the first of several rows each, as merged cells leave them. ``turns``: the account of turns.
    """

    file: str
    method: Method
    data: Data
    notes: FindingTally
    columns: dict[str, str] = field(default_factory=dict)
    choices: Choices | None = None
    prompt: str | None = None
    media: dict[str, MediaKind] = field(default_factory=dict)
    shows: bool = False
    knows: Callable[[str], bool] = field(default=lambda _: False)
    merged: bool = False
    turns: TurnsAccount = field(init=False)

    def __post_init__(self) -> None:
        self.turns = TurnsAccount(self.file, self.notes)

    @property
    def needs_answer(self) -> bool:
        """Return whether rows need an answer; distillation and reinforcement use prompts alone."""
        return self.method in ("fine-tuning", "preference-optimization")


@dataclass(frozen=True, slots=True)
class Sample:
    """First rows of a file, by which its format is recognised. ``columns`` are the fields that were named or guessed;
    ``prompt``: the recipe says what is asked if rows have no question."""

    rows: list[Row]
    method: Method
    columns: dict[str, str]
    prompt: bool = False

    def all_have(self, *keys: str) -> bool:
        """Return whether most rows have these keys; a few broken rows must not hide a format."""
        return 2 * sum(all(key in row for key in keys) for row in self.rows) > len(self.rows)

    def share(self, test: Callable[[Row], bool]) -> float:
        return sum(map(test, self.rows)) / len(self.rows) if self.rows else 0.0


@dataclass(frozen=True, slots=True)
class Format:
    """``name`` is what a recipe's ``data.format`` takes; ``title`` is for people. ``uses_columns``: its columns
    have free names, which the recipe maps. ``asks``: it may have no questions, or such with choices. ``keys`` are those
    that it reads of a row beside its media, the first of several where they stand together; None: its columns, or all
    where it has none.
    ``strict``: another key is likely to be a misspelt one."""

    name: str
    title: str
    fits: Callable[[Sample], bool]
    converter: Callable[[Context], Converter]
    uses_columns: bool = False
    asks: bool = False
    keys: Keys | Callable[[Row], set[str]] | None = None
    strict: bool = False
