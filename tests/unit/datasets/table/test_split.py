"""The split: no leaks, the same rows always on the same side, given splits kept and checked."""

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tailor import catalog
from tailor.datasets.table import group_hash
from tailor.datasets.table.splitter import Splitter, even_out, is_even
from tailor.recipe import Split
from tests.unit.datasets.conftest import SHARED_DATA, Intake, Outcome, chats, converse, picture, write_jsonl, write_vqa


def _parts(outcome: Outcome) -> dict[str, str]:
    """The part of each question."""
    found = {}
    for part in ("train", "validation", "test"):
        for row in outcome.lines(f"prepared/{part}.jsonl"):
            found[json.dumps(row["messages"][0]["content"], sort_keys=True)] = part
    return found


def _image_of(row: dict[str, Any]) -> str:
    image = next(block["image"] for block in row["messages"][0]["content"] if "image" in block)
    return str(image["source"]["s3Location"]["uri"])


def test_shares_are_met_in_large_datasets() -> None:
    splitter = Splitter.of(Split(), validation_set=True)
    counts = Counter(splitter.split_of(group * 7919) for group in range(20_000))
    assert abs(counts["test"] / 20_000 - 0.1) < 0.01
    assert abs(counts["validation"] / 20_000 - 0.1) < 0.01


def test_another_seed_is_another_split() -> None:
    splits = [
        [Splitter.of(Split(seed=seed), validation_set=True).split_of(group) for group in range(200)] for seed in (0, 1)
    ]
    assert splits[0] != splits[1]


def test_order_and_growth_do_not_move_a_row(dataset: Path, intake: Intake) -> None:
    rows = chats(300)
    write_jsonl(dataset / "a.jsonl", rows)
    before = _parts(intake())
    random.Random(3).shuffle(rows)
    write_jsonl(dataset / "a.jsonl", [*chats(400)[300:], *rows])
    after = _parts(intake())
    assert {question: after[question] for question in before} == before


def test_data_on_which_a_model_is_only_measured_are_all_held_out_unless_they_say_otherwise(
    dataset: Path, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = catalog.model
    monkeypatch.setattr(catalog, "model", lambda name: known(name).without_training())
    write_jsonl(dataset / "exam.jsonl", chats(5))
    outcome = intake()
    assert (outcome.report.usable, Counter(_parts(outcome).values())) == (True, {"test": 5})
    (dataset / "exam.jsonl").rename(dataset / "test.jsonl")
    write_jsonl(dataset / "train.jsonl", chats(9)[5:])
    assert Counter(_parts(intake()).values()) == {"test": 5, "train": 4}


def test_a_split_by_rows_leaks_images_and_ours_does_not(dataset: Path, intake: Intake) -> None:
    write_vqa(dataset, images=80)

    def shared(outcome: Outcome) -> float:
        uris = {part: {_image_of(row) for row in outcome.lines(f"prepared/{part}.jsonl")} for part in ("train", "test")}
        return len(uris["test"] & uris["train"]) / len(uris["test"])

    assert shared(intake(split={"group": "row"})) > 0.5
    assert shared(intake()) == 0


def test_vivqa_x_does_not_leak(dataset: Path, intake: Intake) -> None:
    source = SHARED_DATA / "vivqa-x/ViVQA-X_val.json"
    if not source.exists():
        pytest.skip("the shared test data is not here")
    rows = json.loads(source.read_text("utf-8"))
    names = sorted({row["image_name"] for row in rows})[:200]
    rows = [row for row in rows if row["image_name"] in names]
    (dataset / "ViVQA-X_val.json").write_text(json.dumps(rows), "utf-8")
    for number, name in enumerate(names):
        (dataset / name).write_bytes(picture(number, size=(24 + number % 7, 24 + number // 7 % 50)))
    outcome = intake()
    assert outcome.report.counts["used"] == len(rows), outcome.report.headline
    sides: dict[str, set[str]] = {}
    for part in ("train", "validation", "test"):
        for row in outcome.lines(f"prepared/{part}.jsonl"):
            sides.setdefault(_image_of(row), set()).add(part)
    assert len(sides) == 200
    assert all(len(parts) == 1 for parts in sides.values())


def test_rows_linked_by_shared_images_stay_together(dataset: Path, intake: Intake) -> None:
    (dataset / "images").mkdir()
    rows = []
    for number in range(40):
        for at in range(3):
            (dataset / f"images/{number}-{at}.png").write_bytes(picture(number * 3 + at))
        pair = [
            {"image": {"format": "png", "source": {"s3Location": {"uri": f"images/{number}-{at}.png"}}}}
            for at in range(3)
        ]
        for at in range(2):
            content = [pair[at], pair[at + 1], {"text": f"What changed, {at}?"}]
            messages = [
                {"role": "user", "content": content},
                {"role": "assistant", "content": [{"text": f"a {number}"}]},
            ]
            rows.append({"schemaVersion": "bedrock-conversation-2024", "messages": messages})
    write_jsonl(dataset / "a.jsonl", rows)
    outcome = intake()
    assert outcome.report.usable, outcome.report.headline
    parts: dict[str, set[str]] = {}
    for question, part in _parts(outcome).items():
        uri = json.loads(question)[0]["image"]["source"]["s3Location"]["uri"]
        parts.setdefault(Path(uri).name.split("-")[0], set()).add(part)
    assert len(parts) == 40
    assert all(len(found) == 1 for found in parts.values())


def _table(path: Path, rows: list[tuple[str, str, str]]) -> None:
    path.write_text("question,answer,split\n" + "\n".join(",".join(row) for row in rows), "utf-8")


def _split_rows() -> list[tuple[str, str, str]]:
    return [
        (f"Question {n}?", f"answer {n}", ("train", "train", "train", "validation", "test")[n % 5]) for n in range(100)
    ]


def test_a_given_split_is_kept(dataset: Path, intake: Intake) -> None:
    _table(dataset / "a.csv", _split_rows())
    outcome = intake(data={"columns": {"split": "split"}})
    counts = outcome.report.counts
    assert (counts["train"], counts["validation"], counts["test"]) == (60, 20, 20)


def test_a_row_on_both_sides_of_a_given_split_is_an_error(dataset: Path, intake: Intake) -> None:
    _table(dataset / "a.csv", [*_split_rows(), ("Question 0?", "answer 0", "test")])
    outcome = intake(data={"columns": {"split": "split"}})
    assert not outcome.report.usable
    assert outcome.found("leaked-row")[0]["line"] == 102
    skipped = intake(data={"columns": {"split": "split"}, "on_error": "skip"})
    assert skipped.report.usable
    assert skipped.report.counts["test"] == 20
    assert skipped.lines("report/rejected.jsonl")[0]["reasons"][0]["code"] == "leaked-row"


def test_a_given_split_that_tears_a_group_apart_is_a_warning(dataset: Path, intake: Intake) -> None:
    _table(dataset / "a.csv", [*_split_rows(), ("Question 0?", "another answer", "test")])
    outcome = intake(data={"columns": {"split": "split"}})
    assert outcome.report.usable
    assert {"shared-group", "conflicting-answers"} <= outcome.codes


def test_without_given_test_rows_some_training_rows_are_held_out(dataset: Path, intake: Intake) -> None:
    _table(dataset / "a.csv", [(q, a, "train") for q, a, _ in _split_rows()])
    outcome = intake(data={"columns": {"split": "split"}})
    assert outcome.report.counts["test"] > 0
    assert "test-from-train" in outcome.codes


def test_a_column_of_the_recipe_makes_the_groups(dataset: Path, intake: Intake) -> None:
    rows = [f"Question {n}?,answer {n},patient {n // 4}" for n in range(200)]
    (dataset / "a.csv").write_text("question,answer,patient\n" + "\n".join(rows), "utf-8")
    outcome = intake(split={"group": "patient"})
    for_test = {row["group"] for row in outcome.lines("prepared/test.jsonl")}
    assert outcome.report.counts["test"] == 4 * len(for_test)


def _take_at_most(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model = catalog.model("nova-lite")
    facts = model.methods["fine-tuning"]
    small = facts.model_copy(update={"limits": facts.limits.model_copy(update={"max_rows": rows})})
    changed = model.model_copy(update={"methods": {"fine-tuning": small}})
    monkeypatch.setattr(catalog, "model", lambda name: changed)


def test_a_group_that_never_fits_is_named_and_the_others_are_used(
    dataset: Path, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    _take_at_most(100, monkeypatch)
    rows = [f"Question {n}?,answer {n},{'all' if n < 150 else n}" for n in range(210)]
    (dataset / "a.csv").write_text("question,answer,patient\n" + "\n".join(rows), "utf-8")
    outcome = intake(split={"group": "patient", "test": 0, "validation": 0, "train": 1})
    assert "150 rows of 1 groups" in outcome.found("group-too-large")[0]["message"]
    assert (outcome.report.counts["train"], outcome.report.counts["left_out"]) == (60, 150)


def test_over_the_maximum_a_sample_of_whole_groups_is_used_and_said(
    dataset: Path, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    _take_at_most(100, monkeypatch)
    write_jsonl(dataset / "a.jsonl", chats(300))
    outcome = intake()
    counts = outcome.report.counts
    assert outcome.report.usable
    assert 80 <= counts["train"] + counts["validation"] <= 100
    assert counts["used"] + counts["left_out"] == counts["rows"] == 300
    assert len(outcome.lines("report/rejected.jsonl")) == counts["left_out"]


def test_duplicates_are_told_and_dropped_on_request(dataset: Path, intake: Intake) -> None:
    write_jsonl(dataset / "a.jsonl", [*chats(50), *chats(10)])
    kept, dropped = intake(), intake(data={"duplicates": "drop"})
    assert [found["line"] for found in kept.found("duplicate-row")] == list(range(51, 61))
    assert kept.report.counts["used"] == 60
    assert dropped.report.counts["used"] == 50
    assert len(dropped.lines("report/rejected.jsonl")) == 10


def test_conflicting_answers_are_told_but_not_differences_in_case(dataset: Path, intake: Intake) -> None:
    rows: list[Any] = [*chats(30), converse("Colour?", "Red"), converse("Colour?", "red."), converse("Colour?", "blue")]
    write_jsonl(dataset / "a.jsonl", rows)
    assert [found["line"] for found in intake().found("conflicting-answers")] == [33]


def test_skew_and_trivial_baselines(dataset: Path, intake: Intake) -> None:
    rows = [converse(f"Is {n} a number?", "yes" if n % 10 else "no") for n in range(400)]
    write_jsonl(dataset / "a.jsonl", rows)
    outcome = intake()
    assert "'yes'" in outcome.found("skewed-answers")[0]["message"]
    assert outcome.report.baselines is not None
    assert 0.8 < outcome.report.baselines["majority"] < 1
    assert outcome.report.metric is not None
    assert outcome.report.document()["metric"]["metric"] == outcome.report.manifest["metric"]["metric"] == "yes_no"
    assert outcome.report.statistics["top_answers"][0]["answer"] == "yes"


GROUPS = st.sets(st.integers(-(2**63), 2**63 - 1), max_size=400)


@example({0, 230, 1344, 96846191}, set(), random.Random(), 2)  # too many for validation, none for the test
@given(groups=GROUPS, more=GROUPS, random=st.randoms(use_true_random=False), seed=st.integers(0, 9))
def test_any_groups_land_alike_in_any_order_and_within_bounds(
    groups: set[int], more: set[int], random: random.Random, seed: int
) -> None:
    splitter, again = (Splitter.of(Split(seed=seed), validation_set=True) for _ in range(2))
    shuffled = list(groups)
    random.shuffle(shuffled)
    even_out(splitter, groups)
    even_out(again, shuffled)
    parts = {group: splitter.split_of(group) for group in groups}
    assert parts == {group: again.split_of(group) for group in groups}
    if len(groups) > 3:
        assert is_even(splitter, Counter(parts.values()))
    # However many are added: whoever was not moved by hand stays where the hash puts it.
    grown = Splitter.of(Split(seed=seed), validation_set=True)
    even_out(grown, groups | more)
    moved = splitter.forced.keys() | grown.forced.keys()
    assert all(parts[group] == grown.split_of(group) for group in groups - moved)


def test_hardly_a_group_of_a_usual_dataset_is_ever_moved() -> None:
    splitters = [Splitter.of(Split(seed=seed), validation_set=True) for seed in range(40)]
    for splitter in splitters:
        even_out(splitter, (group_hash(b"%d" % number) for number in range(500)))
    assert sum(bool(splitter.forced) for splitter in splitters) <= 1
    assert all(len(splitter.forced) <= 5 for splitter in splitters)


@pytest.mark.parametrize("seed", range(5))
def test_every_kind_of_answer_gets_its_share_of_the_test(seed: int, dataset: Path, intake: Intake) -> None:
    rows = chats(120)
    rows += [converse(f"Is {n} even?", "yes" if n % 2 else "no") for n in range(40)]
    rows += [converse(f"Count to {n}.", str(n)) for n in range(12)]
    write_jsonl(dataset / "a.jsonl", rows)
    outcome = intake(split={"seed": seed})
    tested = Counter("number" if row["references"][0].isdecimal() else len(row["references"][0].split())
                     for row in outcome.lines("prepared/test.jsonl"))  # fmt: skip
    assert 1 <= tested["number"] <= 4
    assert 2 <= tested[1] <= 9
    assert "kind-not-tested" not in outcome.codes


def test_small_and_large_kinds_keep_their_places_when_data_are_added(dataset: Path, intake: Intake) -> None:
    rows = [*chats(400), *(converse(f"Is {n} even?", "yes" if n % 2 else "no") for n in range(200))]
    write_jsonl(dataset / "a.jsonl", rows)
    before = _parts(intake())
    more = [converse(f"Count to {n}.", str(n)) for n in range(15)]
    write_jsonl(dataset / "a.jsonl", [*more, *reversed(rows), *chats(900)[400:]])
    after = _parts(intake())
    assert {question: after[question] for question in before} == before


def test_rows_that_are_all_for_validation_are_parted_anew(dataset: Path, intake: Intake) -> None:
    rows = "".join(f"What is {n}?,It is {n}.,val\n" for n in range(40))
    (dataset / "val.csv").write_text(f"question,answer,split\n{rows}", "utf-8")

    outcome = intake()

    assert outcome.report.usable
    assert [found["severity"] for found in outcome.found("split-without-training")] == ["warning"]
    assert outcome.report.counts["train"] > outcome.report.counts["test"] > 0


LOGS = {"logs": {"uri": "s3://my-logs/AWSLogs/"}}


def test_with_logs_as_the_source_all_rows_are_the_evaluation(dataset: Path, intake: Intake) -> None:
    write_jsonl(dataset / "a.jsonl", [converse(f"What is number {n} of the list?", f"{n * n}") for n in range(80)])
    outcome = intake(method="distillation", model="nova-lite", distillation=LOGS)
    assert outcome.report.usable
    assert (outcome.report.counts["train"], outcome.report.counts["test"]) == (0, 80)
    assert not outcome.found("too-few-rows")
    assert not intake(method="distillation", model="nova-lite").report.usable


def test_rows_with_a_right_answer_are_held_out_first(dataset: Path, intake: Intake) -> None:
    rows = [converse(f"What is number {n} of the list?", f"{n * n}") for n in range(400)]
    rows = [row if n % 10 < 3 else {"messages": row["messages"][:1]} for n, row in enumerate(rows)]
    write_jsonl(dataset / "a.jsonl", rows)
    outcome = intake(method="distillation", model="nova-lite")
    held_out = outcome.lines("prepared/test.jsonl")
    assert len(held_out) == outcome.report.counts["test"] > 20
    assert all(row["references"] for row in held_out)
