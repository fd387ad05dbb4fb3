"""Change a folder's recipe as a person asked."""

from collections.abc import Sequence
from typing import Any

from tailor import recipe_text
from tailor.management.requests import RecipeChanges
from tailor.steps.opening import read_recipe
from tailor.storage import Storage, StoredFile


def changed(asked: RecipeChanges, bucket: Storage, prefix: str, files: Sequence[StoredFile]) -> str:
    """Return the text of a folder's recipe with the changes; as it is where there are none, empty without one.

    Raises:
        RecipeError: it is not YAML, or there are two.
    """
    if asked.recipe is not None:
        text = asked.recipe
    else:
        text = (read_recipe(bucket, prefix, files) or b"").decode(errors="replace")
    settings = recipe_text.load(text)
    before = recipe_text.dump(settings)
    if asked.columns:
        data = _section(settings, "data")
        data["columns"] = {**_section(data, "columns"), **asked.columns}
    if asked.ask_first:
        _section(settings, "budget")["limit"] = 0
    after = recipe_text.dump(settings)
    return text if after == before else after


def _section(settings: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a section of the settings to change; a wrong one is replaced."""
    if not isinstance(settings.get(name), dict):
        settings[name] = {}
    section: dict[str, Any] = settings[name]
    return section
