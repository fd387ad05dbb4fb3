"""Tables with a row for each turn whose rows stand anywhere, and trees of replies."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailor.datasets.example import Rejected
from tailor.datasets.formats.reply_trees import linked_branch
from tests.unit.datasets.support import codes, examples, open_dataset, rejections, texts

Row = dict[str, Any]


def turns(count: int = 30) -> list[Row]:
    """Two questions and answers for each conversation, in order."""
    said = [(f"c{n}", at, role, text) for n in range(count) for at, (role, text) in enumerate(
        [("user", f"Một {n}?"), ("assistant", f"1 {n}"), ("user", f"Hai {n}?"), ("assistant", f"2 {n}")])]  # fmt: skip
    return [{"session": name, "turn": at, "who": role, "text": text} for name, at, role, text in said]


def lines(rows: list[Row]) -> dict[str, bytes | str]:
    return {"d.jsonl": "".join(f"{json.dumps(row)}\n" for row in rows)}


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 1000), named=st.sampled_from(["turn", "created_at", "Lượt"]))
def test_turns_are_put_together_wherever_they_stand(
    tmp_path_factory: pytest.TempPathFactory, seed: int, named: str
) -> None:
    rows = [{named if key == "turn" else key: value for key, value in row.items()} for row in turns()]
    if named == "created_at":
        rows = [row | {named: f"2026-01-01T10:{row[named]:02d}:00Z"} for row in rows]
    random.Random(seed).shuffle(rows)

    reader = open_dataset(tmp_path_factory.mktemp("d"), lines(rows))

    found = {example.id: texts(example) for example in examples(reader)}
    assert found == {f"c{n}": [f"Một {n}?", f"1 {n}", f"Hai {n}?", f"2 {n}"] for n in range(30)}
    assert [texts(example) for example in examples(reader)] == list(found.values())  # read again
    assert "turns-gathered" in codes(reader)


def test_turns_that_stand_anywhere_without_a_place_are_refused(tmp_path: Path) -> None:
    rows = [{key: value for key, value in row.items() if key != "turn"} for row in turns()]
    random.Random(1).shuffle(rows)

    reader = open_dataset(tmp_path, lines(rows))

    assert {found.code for row in rejections(reader) for found in row.findings} >= {"turns-apart"}
    assert sum(not isinstance(row, Rejected) for row in reader) == 0


def test_a_turn_of_no_conversation_and_a_broken_line_are_listed(tmp_path: Path) -> None:
    files = lines([*turns(2), {"session": "", "turn": 1, "who": "user", "text": "x"}])
    reader = open_dataset(tmp_path, {"d.jsonl": f"{files['d.jsonl']!s}{{broken\n"})

    found = list(reader)

    assert [(row.line, row.findings[0].code) for row in found if isinstance(row, Rejected)] == [
        (9, "turns-apart"),
        (10, "bad-json"),
    ]
    assert len(found) == 4


def reply(identity: str, parent: str | None, role: str, rank: int | None = None, **more: Any) -> Row:
    return {"message_id": identity, "parent_id": parent, "role": role, "text": f"{identity}.", "rank": rank,
            "message_tree_id": "t", **more}  # fmt: skip


TREE = [
    reply("q", None, "prompter"),
    reply("bad", "q", "assistant", 1),
    reply("good", "q", "assistant", 0),
    reply("gone", "q", "assistant", -1, deleted=True),
    reply("more", "good", "prompter"),
    reply("end", "more", "assistant", 0),
    reply("open", "end", "prompter"),
]
BRANCH = ["q.", "good.", "more.", "end."]


@given(st.permutations(TREE))
def test_of_a_tree_the_branch_that_is_ranked_best_is_read(rows: list[Row]) -> None:
    assert [row["text"] for row in linked_branch(rows, "message_id", "parent_id")] == BRANCH


def test_a_reply_to_itself_ends(tmp_path: Path) -> None:
    rows = [reply("q", None, "prompter"), reply("a", "q", "assistant"), reply("a", "a", "assistant")]
    assert len(linked_branch(rows, "message_id", "parent_id")) <= 200
    assert linked_branch([reply("a", "a", "assistant")], "message_id", "parent_id") == []


def nested(identity: str) -> Row:
    row = next(row for row in TREE if row["message_id"] == identity)
    replies = [nested(each["message_id"]) for each in TREE if each["parent_id"] == identity]
    return {key: value for key, value in row.items() if key not in ("parent_id", "message_tree_id")} | {
        "replies": replies
    }


@pytest.mark.parametrize(
    "rows", [TREE + [row | {"message_tree_id": "u"} for row in TREE], [{"message_tree_id": "t", "prompt": nested("q")}]]
)
def test_trees_as_openassistant_publishes_them(tmp_path: Path, rows: list[Row]) -> None:
    reader = open_dataset(tmp_path, lines(rows))

    assert {tuple(texts(example)) for example in examples(reader)} == {tuple(BRANCH)}
    assert codes(reader) & {"turns-gathered", "export-read"}
