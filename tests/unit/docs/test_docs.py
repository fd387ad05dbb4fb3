"""The docs say what is there: settings, commands, links."""

import re
from pathlib import Path

import pytest
import typer.main

from tailor.commands import NAMES
from tailor.recipe import Recipe
from tailor_cli.main import app
from tailor_cli.recipe import starter
from tests.unit.contracts.template import ROOT, template

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "samples" / "README.md"]


def test_the_recipe_page_lists_every_setting_with_its_default() -> None:
    assert f"```yaml\n{starter()}```" in (ROOT / "docs" / "recipe.md").read_text()


def test_the_recipe_that_is_printed_is_the_default_one() -> None:
    assert Recipe.parse(starter()) == Recipe()


def test_every_setting_is_explained() -> None:
    bare = [line for line in starter().splitlines() if not line.endswith(":") and "#" not in line]
    assert bare == ["description: ''"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_every_command_is_described_and_those_in_the_readme_exist() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert all(command.help or command.get_short_help_str() for command in commands.values())
    named = set(re.findall(r"\btailor (?:--local )?([a-z][a-z-]+)\b", "".join(page.read_text() for page in PAGES)))
    prose = {"was", "can", "itself", "knows", "takes", "deploys", "reads", "is"}
    assert named - set(commands) - prose == set()


def test_what_the_library_says_names_commands_that_exist() -> None:
    assert set(typer.main.get_command(app).commands) == NAMES  # type: ignore[attr-defined]
    for path in (ROOT / "layers" / "tailor" / "tailor").rglob("*"):
        if path.suffix in {".py", ".toml"}:
            for named in re.findall(r"\btailor ([a-z][a-z-]+) (?:RUN|\{)", path.read_text()):
                assert named in NAMES, f"{path.name}: {named}"


def test_alarms_point_to_a_heading_of_the_operations_page() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    for resource in template()["Resources"].values():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            for heading in re.findall(r'docs/operations\.md, "([^"]+)"', resource["Properties"]["AlarmDescription"]):
                assert f"### {heading}" in text


def test_make_targets_in_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)\b", (ROOT / "README.md").read_text())) - {"out"} <= targets
