"""Wrong values are refused before anything is built, as CloudFormation would after it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tailor.errors import InvalidInputError
from tailor.verify.checkout import Checkout
from tailor_cli.deploying.parameters import ASKED, Parameter, parameters_of, read_settings
from tests.unit.contracts.template import ROOT


@pytest.fixture(scope="module")
def known() -> Mapping[str, Parameter]:
    return parameters_of(Checkout(ROOT).template)


@pytest.mark.parametrize(
    ("setting", "hint"),
    [
        ("NotificationEmail=linh", "an e-mail address, or empty"),
        ("BudgetLimit=much", "a number at least 0"),
        ("BudgetLimit=-1", "at least 0"),
        ("QuietSeconds=901", "at least 1 and at most 900"),
        ("LogRetentionDays=8", "one of 1, 3, 7"),
        ("Environment=Prod", "a lower-case letter, then"),
        ("Remark=" + "a" * 501, "at most 500 characters"),
        ('Remark="so"', "without quotation marks around it"),
        ("NoSuch=1", "parameters: AlarmEmail, "),
        ("Architecture=arm64", "parameters: AlarmEmail, "),
        ("Remark", "parameters: AlarmEmail, "),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_taken(setting: str, hint: str, known: Mapping[str, Parameter]) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read_settings([setting], known)
    assert hint in refused.value.hint


def test_right_values_are_taken_as_they_are(known: Mapping[str, Parameter]) -> None:
    values = {"BudgetLimit": "12.5", "NotificationEmail": "", "Prices": '{"nova-lite": {"training": 0.002}}'}
    assert read_settings([f"{name}={value}" for name, value in values.items()], known) == values


def test_every_default_of_the_template_is_a_value_that_it_takes(known: Mapping[str, Parameter]) -> None:
    for parameter in known.values():
        assert parameter.check(parameter.default) == parameter.default


def test_only_a_few_are_asked(known: Mapping[str, Parameter]) -> None:
    assert set(ASKED) < set(known)
    assert len(ASKED) == 5


@pytest.fixture(scope="module")
def sams_type() -> Any:
    """Return what SAM reads a file of parameters with; not imported for everybody who collects tests."""
    from samcli.cli.types import CfnParameterOverridesType  # type: ignore[import-untyped]

    return CfnParameterOverridesType()


@given(st.text(st.characters(exclude_categories=["C"])))
def test_sam_reads_each_value_that_is_taken_as_it_was_meant(
    tmp_path_factory: pytest.TempPathFactory, sams_type: Any, value: str
) -> None:
    try:
        Parameter("Any", "").check(value)
    except InvalidInputError:
        return
    file = Path(tmp_path_factory.getbasetemp()) / "parameters.yaml"
    file.write_text(yaml.safe_dump({"Any": value}), "utf-8")
    assert sams_type.convert(f"file://{file}", None, None) == {"Any": value}
