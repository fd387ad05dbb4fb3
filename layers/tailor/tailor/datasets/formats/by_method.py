"""Change a record for its method before it is checked: long documents are cut, prompts get rewards."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from tailor.catalog import Model
from tailor.datasets.documents import fitting
from tailor.datasets.example import Example
from tailor.recipe import Recipe
from tailor.rewards import REWARDS, specification


def adapted[Row](items: Iterable[Row], recipe: Recipe, model: Model) -> Iterator[Row | Example]:
    """Yield all items in order, adapted to the method.

    Continued pre-training gets documents cut into pieces that fit the model (the pieces of one document are one group:
    they never part), reinforcement the recipe's rewards with each row."""
    if recipe.method == "continued-pre-training":
        for item in items:
            yield from _cut(item, model) if isinstance(item, Example) else [item]
    elif recipe.method == "reinforcement":
        rewards = specification(recipe)
        for item in items:
            if isinstance(item, Example):
                item.extra[REWARDS] = rewards
            yield item
    else:
        yield from items


def _cut(example: Example, model: Model) -> Iterator[Example]:
    found = list(fitting(example.document, model)) if example.document else []
    if len(found) < 2:
        yield example
        return
    group = example.group or f"{example.file}:{example.line}"
    for piece in found:
        if piece.strip():
            yield replace(example, document=piece, group=group)
