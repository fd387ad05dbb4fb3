"""docs/models.md is the catalogue; docs/training.md knows every code, check, kind and setting of this part."""

import re
from pathlib import Path
from typing import get_args

import pytest

from tailor.recipe import METHODS, Patience, Reward
from tailor_cli.models_page import page

DOCS = Path(__file__).resolve().parents[3] / "docs"
LIBRARY = Path(__file__).resolve().parents[3] / "layers/tailor/tailor/training"
TRAINING = (DOCS / "training.md").read_text("utf-8")


def test_the_page_of_models_is_the_catalogue() -> None:
    command = "python -m tailor_cli.models_page docs/models.md"
    assert (DOCS / "models.md").read_text("utf-8") == page(), f"run: {command}"


def codes(module: str, pattern: str) -> set[str]:
    return set(re.findall(pattern, (LIBRARY / module).read_text("utf-8")))


ADVICE = codes("advice.py", r'Advice\("([a-z-]+)"') | codes("bench.py", r'Advice\("([a-z-]+)"')
CHECKS = codes("preflight.py", r'Check\("([a-z-]+)"') | codes(
    "preflight.py", r'\("([a-z-]+)", (?:role|place\.\w+_arn), "'
)

CHECKS |= codes("capacity.py", r'(?:Check|_count|_rate|_unknown)\("([a-z-]+)"')


@pytest.mark.parametrize(
    "code", sorted(ADVICE | CHECKS | set(METHODS) | set(get_args(Reward.model_fields["kind"].annotation)))
)
def test_every_code_is_documented(code: str) -> None:
    assert f"`{code}`" in TRAINING


def test_the_codes_were_found() -> None:
    assert len(ADVICE) == 12
    assert {"model", "pass-role", "read", "grader-access", "key"} <= CHECKS


@pytest.mark.parametrize("setting", [name for name in Patience.model_fields if name != "stop"])
def test_the_documented_patience_is_the_default(setting: str) -> None:
    assert f"| `patience.{setting}` | {getattr(Patience(), setting):g} |" in TRAINING
