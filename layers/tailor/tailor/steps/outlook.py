"""Report, before money is spent, what would prevent a model from going live automatically."""

from collections.abc import Iterator

from tailor.recipe import Recipe
from tailor.serving.aliases import Alias


def obstacles(recipe: Recipe, alias: Alias) -> Iterator[str]:
    """Yield a sentence for each obstacle; none if a version that passes goes live."""
    if offline := alias.decided_offline:
        yield (
            f"{alias.project} is offline since {offline.at:%Y-%m-%d} ({offline.by}: {offline.reason}): "
            "no version goes live until a person promotes one"
        )
    if not recipe.deployment.promote:
        yield "The recipe says deployment.promote: false: a version that passes waits until a person promotes it"
