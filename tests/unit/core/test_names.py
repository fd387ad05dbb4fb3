import re
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailor.errors import InvalidInputError
from tailor.names import NAME, DatasetPath, check_name, files_of_run, run_id, suggest_name, work_folder

JOB = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9\+\-\.])*")
MODEL = re.compile(r"([0-9a-zA-Z][_-]?){1,63}")
NAMES = st.text("ab-", min_size=1, max_size=6).map(suggest_name)
EVALUATION = re.compile(r"[a-z0-9](-*[a-z0-9]){0,62}")


@given(st.text(max_size=200), st.text(max_size=200), st.text("0123456789abcdef", min_size=64, max_size=64))
def test_a_run_id_is_a_name_that_every_bedrock_api_takes(project: str, dataset: str, mark: str) -> None:
    name = run_id("tailor", suggest_name(project), suggest_name(dataset), mark)
    assert len(name) <= 63
    assert all(pattern.fullmatch(name) for pattern in (NAME, JOB, MODEL, EVALUATION))


def test_two_stacks_that_receive_the_same_folder_make_two_runs_and_each_of_them_always_the_same() -> None:
    dev, prod = (run_id(stack, "colours", "scenes", "0" * 64) for stack in ("tailor-dev", "tailor"))
    assert dev != prod
    assert dev == run_id("tailor-dev", "colours", "scenes", "0" * 64)
    assert dev.startswith("colours-scenes-")


@given(st.text(max_size=100))
def test_a_suggested_name_can_be_used(text: str) -> None:
    assert check_name(suggest_name(text)) == suggest_name(text)


def test_vietnamese_names_are_suggested_readably() -> None:
    assert suggest_name("Màu Sắc – Đồ Vật 1") == "mau-sac-do-vat-1"


@pytest.mark.parametrize("name", ["", "A", "a--b", "-a", "a-", "a_b", "a.b", "á", "a" * 64])
def test_a_name_that_cannot_be_used_is_refused_with_one_that_can(name: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_name(name, "project")
    assert "project" in refused.value.message
    assert suggest_name(name) in refused.value.hint


@pytest.mark.parametrize("key", ["uploads/p/a.csv", "uploads//d/a.csv", "runs/p/d/a.csv", "uploads/p/d/", "a"])
def test_what_lies_outside_a_dataset_folder(key: str) -> None:
    assert DatasetPath.parse(key) is None


@given(NAMES, NAMES)
def test_a_policy_for_one_project_reaches_nothing_of_another(one: str, other: str) -> None:
    files = files_of_run(other, run_id("tailor", other, "d", "f"))
    for folder in (files, work_folder(files)):
        top = folder.split("/")[0]
        assert fnmatchcase(f"{folder}report/report.json", f"{top}/{one}/*") is (one == other)
