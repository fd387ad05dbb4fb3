"""People's labels: how far metric and judge agree with them, and on which answers not."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailor.errors import InvalidInputError, NotFoundError
from tailor.evaluation.labels import _read, take_labels
from tailor.evaluation.report.label_page import MOST
from tailor.recipe import Recipe
from tailor.runs import Run
from tests.unit.evaluation.fakes import BucketFolder, FakeAsker, new_run, question
from tests.unit.evaluation.test_run import ROWS, SCHEMA, SUITE, evaluate

Judged = tuple[Run, BucketFolder, dict[str, Any]]
Say = Callable[[dict[str, Any], str], str]


def judged(folder: Path) -> Judged:
    """A candidate that is right in eight rows of ten, a base in five, and a judge that likes the longer answer."""
    right = {question(place): row["references"][0] for place, row in enumerate(ROWS)}

    def answer(name: str, asked: str) -> str:
        if name not in ("custom", "plain"):
            first, second = (asked.split(f"<answer_{place}>")[1].split("<")[0] for place in "ab")
            return json.dumps({"better": "A" if len(first) > len(second) else "B"})
        if asked in SUITE:
            return SUITE[asked]
        place = list(right).index(asked)
        return right[asked] if place * 7 % 10 < (8 if name == "custom" else 5) else "không rõ lắm"

    recipe = Recipe.parse("evaluation: {judge: nova-pro}")
    report, files = evaluate(folder, FakeAsker(answer), recipe)
    return new_run(recipe), files, report


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    return judged(tmp_path_factory.mktemp("judged"))


@pytest.fixture
def evaluated(once: Judged, tmp_path: Path) -> Judged:
    """Copy what was judged once, for a test that changes it."""
    run, files, report = once
    copy = BucketFolder(tmp_path / "copy")
    for file in files.list():
        copy.write(file.key, files.read(file.key))
    return run, copy, deepcopy(report)


def labels(files: BucketFolder, run: Run, say: Say) -> dict[str, Any]:
    """Labels of a person who says of each answer (an entry of the key, an arm) what ``say`` returns."""
    known = orjson.loads(files.read(f"{run.results}labels-key.json"))
    found = []
    for item in known["rows"]:
        arms = ["candidate", "baseline"] if item["first"] == "candidate" else ["baseline", "candidate"]
        first, second = (say(item, arm) for arm in arms)
        better = "equal" if first == second else "first" if first == "right" else "second"
        found.append({"row": item["row"], "first": first, "second": second, "better": better})
    return {"schema": 1, "run": run.id, "answers": known["answers"], "by": "Linh", "labels": found}


def by_metric(item: dict[str, Any], arm: str) -> str:
    return "right" if item[arm]["score"] == 1 else "wrong"


def test_people_who_say_what_the_metric_says_agree_with_it_and_not_with_a_poor_judge(evaluated: Judged) -> None:
    run, files, before = evaluated
    assert before["labels"] is None
    report = take_labels(files, run, orjson.dumps(labels(files, run, by_metric)))
    SCHEMA.validate(report)
    found = report["labels"]
    assert (found["answers"], found["by"]) == (2 * MOST, "Linh")
    assert (found["metric"]["accuracy"], found["metric"]["kappa"]) == (1, 1)
    assert found["disagreements"] == []
    assert found["judge"]["kappa"] < 0.2
    assert found["right"]["candidate"] > found["right"]["baseline"]
    page = files.read(report["paths"]["report"]).decode()
    assert "Agreement with people" in page
    assert "by Linh" in page
    assert orjson.loads(files.read(report["paths"]["json"])) == report


def test_kappa_is_the_agreement_beyond_chance_and_its_interval_holds_it(evaluated: Judged) -> None:
    run, files, _ = evaluated
    said: list[tuple[str, str]] = []

    def say(item: dict[str, Any], arm: str) -> str:
        people = "wrong" if len(said) % 5 == 0 else by_metric(item, arm)
        said.append((people, by_metric(item, arm)))
        return people

    found = take_labels(files, run, orjson.dumps(labels(files, run, say)))["labels"]["metric"]
    agreed, rights = (
        sum(a == b for a, b in said) / len(said),
        [sum(pair[n] == "right" for pair in said) for n in (0, 1)],
    )
    people, metric = (count / len(said) for count in rights)
    chance = people * metric + (1 - people) * (1 - metric)
    assert found["accuracy"] == pytest.approx(agreed)
    assert found["kappa"] == pytest.approx((agreed - chance) / (1 - chance))
    for name in ("accuracy", "kappa"):
        low, high = found[f"{name}_interval"]
        assert low < found[name] < high


def test_labels_that_are_all_alike_have_no_kappa_and_doubts_count_nowhere(evaluated: Judged) -> None:
    run, files, _ = evaluated
    given = labels(files, run, lambda item, arm: "right" if item[arm]["score"] == 1 else "unsure")
    found = take_labels(files, run, orjson.dumps(given))["labels"]
    assert found["unsure"] + found["answers"] == 2 * MOST
    assert (found["metric"]["accuracy"], found["metric"]["kappa"]) == (1, None)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"answers": "other"}, "belong to other answers"),
        ({"schema": 2}, "can't be read: schema"),
        ({"labels": [{"row": "r1", "first": "perhaps"}]}, "labels.0.first"),
        ({"labels": [{"row": "secret", "first": "right"}]}, "'secret' was not to be labelled"),
        ({"labels": []}, "no label yet"),
    ],
)
def test_other_files_are_refused_and_nothing_is_written(
    change: dict[str, Any], says: str, evaluated: Judged, tmp_path: Path
) -> None:
    run, files, report = evaluated
    with pytest.raises(InvalidInputError, match=says):
        take_labels(files, run, orjson.dumps(labels(files, run, by_metric) | change))
    assert orjson.loads(files.read(report["paths"]["json"])) == report
    with pytest.raises(InvalidInputError, match="can't be read"):
        take_labels(files, run, b"\xff{")
    with pytest.raises(NotFoundError, match="no evaluation"):
        take_labels(BucketFolder(tmp_path / "none"), run, b"{}")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["row", "first", "labels", "x"]), inner)
    ),
    max_leaves=6,
)


@given(
    data=st.binary(max_size=40) | st.dictionaries(st.sampled_from(["schema", "run", "labels"]), JSON).map(orjson.dumps)
)
def test_any_file_is_taken_or_refused_with_a_reason(data: bytes) -> None:
    with pytest.raises(InvalidInputError, match="labels"):
        _read(data, {"run": "r", "answers": "a", "rows": []})
