"""Make answers comparable: the same words written differently become the same text, one module for each language."""

from collections.abc import Mapping

from tailor.errors import InvalidInputError
from tailor.normalisers.base import Normaliser, compose
from tailor.normalisers.english import ENGLISH
from tailor.normalisers.plain import PLAIN
from tailor.normalisers.vietnamese import VIETNAMESE

__all__ = ["ENGLISH", "PLAIN", "VIETNAMESE", "Normaliser", "check_switches", "compose", "for_language"]

_BY_LANGUAGE: Mapping[str, Normaliser] = {"vi": VIETNAMESE, "en": ENGLISH}


def for_language(language: str, switches: Mapping[str, bool] | None = None) -> Normaliser:
    """Return the normaliser of an answer language (``vi``, ``en``, …), or the plain one."""
    return _BY_LANGUAGE.get(language, PLAIN).switched(switches or {})


def check_switches(language: str, switches: Mapping[str, bool]) -> None:
    """Raise InvalidInputError for a step that the language's normaliser lacks; for ``auto``, a step that all lack: the
    language depends on data, and steps of other languages have no effect."""
    candidates = [PLAIN, *_BY_LANGUAGE.values()] if language == "auto" else [_BY_LANGUAGE.get(language, PLAIN)]
    known = list(dict.fromkeys(step.name for normaliser in candidates for step in normaliser.steps))
    unknown = [repr(name) for name in switches if name not in known]
    if unknown:
        whose = "no normaliser has" if language == "auto" else f"the normaliser for {language!r} does not have"
        message = f"{whose} the step{'s' if len(unknown) > 1 else ''} {', '.join(unknown)}"
        raise InvalidInputError(message, hint=f"known steps: {', '.join(known)}")
