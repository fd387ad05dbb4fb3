"""Whatever a file is, each of its columns is used or set aside with a reason, and the counts agree with the rows."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailor.datasets.formats import DatasetReader, carriers
from tailor.datasets.formats.roles import MEDIA_KEYS, ROLE_KEYS, TEXT_KEYS
from tests.unit.datasets.sources.test_workbooks import ods, ods_row, sheet, workbook
from tests.unit.datasets.support import PIXEL, open_dataset

Rows = list[dict[str, str]]
KEYS = st.from_regex(r"[c-z]{2,8}", fullmatch=True) | st.sampled_from(
    sorted(carriers.words("label kto_tag weight train rating rationale Complex_CoT system_prompt Data_Split premise "
                          "is_test is_correct feedback deleted source note category id image_file"))
)  # fmt: skip
VALUES = st.sampled_from(
    ["", "true", "false", "0", "1", "test", "train", "good", "bad", "x", "some words here", "a.png"]
)
ADDED = st.lists(st.dictionaries(KEYS, VALUES, max_size=4), min_size=4, max_size=6)


def as_csv(rows: Rows, delimiter: str = ",") -> str:
    out = io.StringIO()
    table = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    table.writeheader()
    table.writerows(rows)
    return out.getvalue()


def as_parquet(rows: Rows) -> bytes:
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), out)
    return out.getvalue()


def cells(rows: Rows) -> list[list[str]]:
    return [list(rows[0]), *(list(row.values()) for row in rows)]


WRITERS: dict[str, Callable[[Rows], str | bytes]] = {
    "d.jsonl": lambda rows: "".join(json.dumps(row) + "\n" for row in rows),
    "d.json": json.dumps,
    "d.csv": as_csv,
    "d.tsv": lambda rows: as_csv(rows, "\t"),
    "d.parquet": as_parquet,
    "d.xlsx": lambda rows: workbook({"s": sheet([[value or None for value in row] for row in cells(rows)])}),
    "d.ods": lambda rows: ods("".join(ods_row(*row) for row in cells(rows))),
}


def account(reader: DatasetReader) -> tuple[dict[str, str], dict[str, int], list[str]]:
    """Return the fate of each column, the rows for which each was set aside, and what the rows become."""
    kinds = [type(row).__name__ for row in reader]
    told = {path: seen.rows for group in reader.of_rows.document() for path, seen in group.first.items()}
    return reader.files[0].fates, told, kinds


@pytest.mark.parametrize("name", WRITERS)
@settings(deadline=None, max_examples=6)
@given(added=ADDED)
def test_each_column_of_any_file_is_used_or_set_aside_and_counted(
    tmp_path_factory: pytest.TempPathFactory, name: str, added: Rows
) -> None:
    names = dict.fromkeys(key for more in added for key in more)
    pairs = [{"question": f"What is {n}?", "answer": f"It is {n}."} for n in range(len(added))]
    rows = [pair | {key: more.get(key, "") for key in names} for pair, more in zip(pairs, added, strict=True)]
    folder: Path = tmp_path_factory.mktemp("d")

    fates, told, kinds = account(open_dataset(folder, {name: WRITERS[name](rows), "a.png": PIXEL}))

    assert len(kinds) == len(rows)
    assert fates.keys() == {"question", "answer", *names}
    for key in names:
        having = sum(bool(row[key]) for row in rows)
        aside = not fates[key].startswith(("used", "shown", "says"))
        assert told.get(f"$.{key}", 0) <= having
        assert not aside or told.get(f"$.{key}", 0) == having, (key, fates[key])


@settings(deadline=None, max_examples=8)
@given(added=ADDED)
def test_the_same_rows_have_the_same_account_in_any_file(tmp_path_factory: pytest.TempPathFactory, added: Rows) -> None:
    names = dict.fromkeys(key for more in added for key in more)
    rows = [{"question": f"What is {n}?", "answer": f"It is {n}."} | {key: more.get(key, "") for key in names}
            for n, more in enumerate(added)]  # fmt: skip
    folder = tmp_path_factory.mktemp("d")

    found = {name: account(open_dataset(folder / name, {name: write(rows), "a.png": PIXEL}))
             for name, write in WRITERS.items()}  # fmt: skip

    for name, (fates, told, kinds) in found.items():
        assert (fates, told, kinds) == found["d.jsonl"], name


@settings(deadline=None, max_examples=40)
@given(
    keys=st.lists(KEYS, min_size=1, max_size=3, unique=True),
    value=VALUES.filter(bool),
    inside=st.sampled_from(["turn", "part"]),
    count=st.integers(1, 4),
)
def test_each_key_of_a_turn_or_a_part_is_used_or_set_aside_and_counted(
    tmp_path_factory: pytest.TempPathFactory, keys: list[str], value: str, inside: str, count: int
) -> None:
    """Keys that parts may have are marked with an x, so that none is one that is read."""
    keys = [key for key in keys if key not in (*ROLE_KEYS, *TEXT_KEYS, *MEDIA_KEYS)]
    keys = [f"x{key}" for key in keys] if inside == "part" else keys
    more = dict.fromkeys(keys, value)
    answer: dict[str, Any] = {"role": "assistant", "content": "a"} | more
    if inside == "part":
        answer = {"role": "assistant", "content": [{"type": "text", "text": "a"} | more]}
    row = {"messages": [{"role": "user", "content": "q?"}, answer]}
    lines = f"{json.dumps(row)}\n" * count

    reader = open_dataset(tmp_path_factory.mktemp("d"), {"d.jsonl": lines})
    _, told, kinds = account(reader)

    left_out = any(carriers.is_verdict(key, value) and carriers.marks_bad(key, value) for key in keys)
    assert kinds == ["Rejected" if left_out and inside == "turn" else "Example"] * count
    for key in keys:
        path = f"$.messages[].content[].{key}" if inside == "part" else f"$.messages[].{key}"
        used = inside == "turn" and (carriers.is_verdict(key, value) or carriers.carried(key) == "reasoning")
        assert left_out or used or told.get(path) == count, key
