"""What a version's requests may carry, by what is known of its model."""

from tailor import catalog
from tailor.recipe import Method
from tailor.serving.aliases import MediaRules


def rules_for(model: str, method: Method) -> MediaRules:
    """Converse's limits, for the image formats that the model can be trained with by that method.

    Raises NotFoundError or InvalidInputError for what is not in the catalogue."""
    limits = catalog.model(model).method(method).limits
    defaults = MediaRules()
    formats = tuple(name for name in defaults.image_formats if name in limits.image_formats)
    if not limits.images_per_example or not formats:
        return MediaRules(images=0)
    return MediaRules(image_formats=formats)
