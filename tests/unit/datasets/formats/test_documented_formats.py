"""Every example of docs/data-formats.md is read as the format that its section is about."""

import re
from pathlib import Path

import pytest

from tailor.datasets.formats import FORMATS
from tailor.recipe import Recipe
from tests.unit.datasets.support import examples, open_dataset

DOC = Path(__file__).parents[4] / "docs" / "data-formats.md"
PAIRS = "Preference pairs"  # are found in rows of several formats


def documented() -> list[tuple[str, dict[str, bytes | str], Recipe]]:
    """Format, files and recipe of each example. What is introduced by "together with" belongs to the one before."""
    found: list[tuple[str, dict[str, bytes | str], Recipe]] = []
    text = DOC.read_text().partition("\n## Formats\n")[2]
    for section in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        name = section.partition("\n")[0].strip()
        introduced = r"(together with )?`([\w.-]+)`(?:, method `([\w-]+)`)?(?:, recipe `([^`]+)`)?:\n\n```\w+\n(.*?)```"
        for together, file, method, recipe, content in re.findall(introduced, section, re.DOTALL):
            if together:
                found[-1][1][file] = content
            else:
                found.append((name, {file: content}, Recipe.parse(recipe or f"method: {method or 'fine-tuning'}")))
    return found


@pytest.mark.parametrize(("name", "files", "recipe"), documented())
def test_example(tmp_path: Path, name: str, files: dict[str, bytes | str], recipe: Recipe) -> None:
    reader = open_dataset(tmp_path, files, method=recipe.method, data=recipe.data)

    found = examples(reader)

    assert [entry.format for entry in reader.files] == ["openai-chat" if name == PAIRS else name] * len(files)
    assert found
    assert not [finding for finding in reader.findings if finding.severity != "info"]


def test_every_format_has_a_section_with_an_example() -> None:
    assert {name for name, *_ in documented()} - {PAIRS} == {format.name for format in FORMATS}
