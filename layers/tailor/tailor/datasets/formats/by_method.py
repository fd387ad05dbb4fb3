"""Changes that a method makes to a record before it is checked: long documents are split, prompts get rewards."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from tailor.catalog import Model
from tailor.datasets.example import Example
from tailor.datasets.formats.documents import most_characters, pieces
from tailor.recipe import Recipe
from tailor.rewards import REWARDS, specification


def adapted[Row](items: Iterable[Row], recipe: Recipe, model: Model) -> Iterator[Row | Example]:
    """Yield all items in their order, as the method takes them.

    Continued pre-training gets documents cut into pieces that fit the model (the pieces of one document are one group:
    they never part), reinforcement the recipe's rewards with each row."""
    if recipe.method == "continued-pre-training":
        most = most_characters(model)
        for item in items:
            yield from _cut(item, most) if isinstance(item, Example) else [item]
    elif recipe.method == "reinforcement":
        rewards = specification(recipe)
        for item in items:
            if isinstance(item, Example):
                item.extra[REWARDS] = rewards
            yield item
    else:
        yield from items


def _cut(example: Example, most: int) -> Iterator[Example]:
    if example.document is None or len(example.document) <= most:
        yield example
        return
    group = example.group or f"{example.file}:{example.line}"
    for piece in pieces(example.document, most):
        if piece.strip():
            yield replace(example, document=piece, group=group)
