"""What a person answered is found again, by stack."""

from pathlib import Path

import pytest

from tailor.errors import InvalidInputError
from tailor_cli.deploying.answers import Answers, read_answers, write_answers

PROD = Answers("123456789012", "us-east-1", "arm64", {"BudgetLimit": "50", "Remark": 'Việt "x" = 1'})
DEV = Answers("210987654321", "us-west-2", "x86_64", {"Environment": "dev"})


def test_stacks_are_remembered_apart_and_a_persons_comments_stay(tmp_path: Path) -> None:
    file = tmp_path / "deploy.toml"
    assert read_answers(file, "tailor") == Answers()
    write_answers(file, "tailor", PROD)
    file.write_text(file.read_text() + "# asked Linh\n")
    write_answers(file, "tailor-dev", DEV)
    write_answers(file, "tailor", PROD)
    assert (read_answers(file, "tailor"), read_answers(file, "tailor-dev")) == (PROD, DEV)
    assert "# asked Linh" in file.read_text()
    assert file.read_text().startswith("# Your answers to `make deploy`.")


def test_a_number_that_a_person_typed_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "deploy.toml"
    file.write_text("[tailor.parameters]\nBudgetLimit = 20\n")
    assert read_answers(file, "tailor").parameters == {"BudgetLimit": "20"}


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "deploy.toml"
    file.write_text("[tailor\n")
    with pytest.raises(InvalidInputError, match=r"deploy\.toml can't be read"):
        read_answers(file, "tailor")
