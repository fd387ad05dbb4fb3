"""Rules for the media of requests, derived from a version's base model."""

from tailor import catalog
from tailor.recipe import Method
from tailor.serving.aliases import MediaRules


def rules_for(model: str, method: Method) -> MediaRules:
    """Return Converse's limits, for the image formats that the method supports on this model.

    Raises:
        NotFoundError: the model is not in the catalogue.
        InvalidInputError: the model does not support the method.
    """
    limits = catalog.model(model).method(method).limits
    defaults = MediaRules()
    formats = tuple(name for name in defaults.image_formats if name in limits.image_formats)
    videos = tuple(name for name in defaults.video_formats if name in limits.video_formats)
    rules = MediaRules(videos=min(1, limits.videos_per_example) if videos else 0, video_formats=videos or ("mp4",))
    if not limits.images_per_example or not formats:
        return rules.model_copy(update={"images": 0})
    return rules.model_copy(update={"image_formats": formats})
