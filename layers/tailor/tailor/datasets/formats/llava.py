"""Read LLaVA: ShareGPT's conversations about one ``image``, whose place is the ``<image>`` tag in the first turn."""

from tailor.datasets.formats.base import Format, Sample
from tailor.datasets.formats.openai_chat import make_converter, used_keys
from tailor.datasets.formats.sharegpt import is_conversation


def _fits(sample: Sample) -> bool:
    return sample.all_have("conversations", "image") and sample.share(is_conversation) > 0.5


FORMAT = Format("llava", "LLaVA", _fits, make_converter, keys=used_keys)
