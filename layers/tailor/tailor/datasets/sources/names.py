"""Normalise names of columns for comparison."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

_ASIDE: Final = re.compile(r"\s*[(\[{][^()\[\]{}]*[)\]}]\s*")


@lru_cache(1 << 13)
def plain_name(name: str) -> str:
    """Return a name without case, accents and punctuation, for comparison."""
    letters = unicodedata.normalize("NFD", name.casefold().replace("đ", "d"))
    return re.sub(r"[^a-z0-9]", "", letters)


def bare(name: str) -> str:
    """Return a name without what is in brackets, such as ``Correct answer (1-4)``."""
    return (_ASIDE.sub(" ", name).strip() or name) if "(" in name or "[" in name else name
