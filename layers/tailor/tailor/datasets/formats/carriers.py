"""Recognise keys that have a meaning in any format: quality of an answer, split of a row, earlier turns.

Names are compared as columns are: without case, accents and punctuation.
"""

import re
from collections.abc import Iterable
from typing import Any, Final, Literal

from tailor.datasets.example import SplitName
from tailor.datasets.sources import plain_name

Carried = Literal["split", "system", "history", "reasoning"]

_CARRIED: Final[dict[str, Carried]] = {
    **dict.fromkeys(
        ("split", "subset", "partition", "datasplit", "datasetsplit", "setname", "tap", "tapdulieu"), "split"
    ),
    **dict.fromkeys(("system", "systemprompt", "systemmessage", "systeminstruction", "sysprompt"), "system"),
    **dict.fromkeys(("history", "chathistory", "conversationhistory", "dialoguehistory", "previousturns"), "history"),
    **dict.fromkeys(
        ("reasoning", "reasoningcontent", "reasoningtext", "thinking", "think", "thought", "thoughts", "cot",
         "complexcot", "chainofthought", "reasoningtrace", "reasoningsteps", "suyluan", "lapluan"), "reasoning"
    ),
}  # fmt: skip


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_APPROVING: Final = words(
    "lossmask trainmask label ktotag train trainable training trainon loss learn iscorrect correct isgood good "
    "accepted approved isaccepted isapproved thumbsup upvoted liked desirable preferred ispreferred chosen status "
    "reviewstatus reviewresult decision danhgia duyet ketluan kiemduyet"
)
"""Keys whose "no" says that an answer is bad or not for training."""
_JUDGING: Final = re.compile(
    "^(?!.*(?:image|img|photo|picture|video|audio)).*(?:feedback|rating|quality|verdict|review|(?<!up)(?<!down)vote|thumbs?)$"
)
"""Suffixes of keys that do so too, such as ``user_feedback``."""
_OF_GUESSES: Final = words("iscorrect correct")
"""Keys that may be about a model's guess in another column."""
_GUESSES: Final = re.compile(r"predict|^pred|model|generated|guess|student|^output$|^response$|completion")
_WEIGHTS: Final = words("weight lossweight lossscale sampleweight")
_REPROVING: Final = words(
    "isbad bad rejected isrejected thumbsdown downvoted ignore mask masked skip exclude excluded deleted isdeleted "
    "hidden"
)
_NO: Final = words(
    "false 0 no n bad reject rejected ignore ignored negative thumbsdown down dislike disliked wrong incorrect "
    "downvote downvoted fail failed declined denied sai khong khongdat khongdongy khongduyet khonghople tuchoi"
)
_YES: Final = words(
    "true 1 yes y good accept accepted approve approved positive thumbsup up like liked right correct pass passed "
    "upvote upvoted ok dung co dat dongy duyet daduyet hople"
)

_CLEAR: Final = words("thumbsup thumbsdown like dislike liked disliked upvote downvote upvoted downvoted dat khongdat")
"""Words that judge an answer, under any key."""
_SCORES: Final = ("score", "rating", "value", "thumb", "thumbs", "type", "verdict")
"""Keys of the verdict within an object, such as ``{"score": -1, "comment": ""}``."""

_TELLING: Final = words(
    "label ktotag weight train loss chosen rejected audio audios tools functions choices options context contexts "
    "passage documents document story premise background support hint lecture helpfulness correctness score scores "
    "reward rank rationale rationales"
)
_TELLING_IN: Final = re.compile(
    "reasoning|thinking|history|^system|split|cot$|^chosen|^rejected|preferred|feedback|rating|quality"
)

_SPLITS: Final[dict[str, SplitName]] = {
    **dict.fromkeys(("train", "training", "trn", "restval", "hoc", "huanluyen"), "train"),
    **dict.fromkeys(
        ("validation", "valid", "validate", "val", "dev", "devel", "development", "eval", "thamdinh", "xacthuc"),
        "validation",
    ),
    **dict.fromkeys(("test", "testing", "tst", "heldout", "holdout", "kiemtra", "kiemthu"), "test"),
}  # fmt: skip
_BESIDE: Final = "set|data|split|tap|public|private|std|dev|clean|other|final|small|full|mini"
_AROUND_SPLIT: Final = re.compile(rf"^(?:{_BESIDE})(?=[a-z])|(?:{_BESIDE}|\d{{1,4}})$")
_IN_SPLIT: Final[dict[str, SplitName]] = {
    "istrain": "train", "istraining": "train", "istest": "test", "isval": "validation", "isvalidation": "validation",
}  # fmt: skip


def carried(key: str) -> Carried | None:
    """Return what a key of a row carries in any format."""
    name = plain_name(key)
    return "split" if name in _IN_SPLIT else _CARRIED.get(name)


def is_telling(key: str) -> bool:
    """Return whether a key usually matters for training."""
    name = plain_name(key)
    return name in _TELLING or bool(_TELLING_IN.search(name))


def is_mark(key: str) -> bool:
    """Return whether a key may say that an answer is bad or not for training."""
    name = plain_name(key)
    return name in _APPROVING or name in _REPROVING or name in _WEIGHTS or bool(_JUDGING.search(name))


def is_verdict(key: str, value: Any) -> bool:
    """Return whether a key judges one answer as good or bad, or gives it a weight."""
    return is_mark(key) and (_verdict(value) is not None or is_weight(key, [value]))


def are_clear_verdicts(values: Iterable[Any]) -> bool:
    """Return whether values are likes and dislikes, which judge an answer under any key."""
    return are_verdicts(values) and all(isinstance(value, str) and _plain_verdict(value) in _CLEAR for value in values)


def is_weight(key: str, values: Iterable[Any]) -> bool:
    """Return whether a key gives answers a weight in numbers."""
    return plain_name(key) in _WEIGHTS and all(str(value).replace(".", "", 1).isdecimal() for value in values)


def is_of_guesses(key: str, others: Iterable[str]) -> bool:
    """Return whether a mark may be about a model's guess in another column, and not about the answer."""
    return plain_name(key) in _OF_GUESSES and any(_GUESSES.search(plain_name(other)) for other in others)


def marks_bad(key: str, value: Any) -> bool:
    """Return whether a mark says that the answer is bad, or not for training."""
    name = plain_name(key)
    if name in _WEIGHTS:
        return value in (0, "0", "0.0") and value is not False
    said = _verdict(value)
    return said is (name in _REPROVING)


def are_verdicts(values: Iterable[Any]) -> bool:
    """Return whether values only say yes or no; False if there are none."""
    said = [_verdict(value) for value in values]
    return bool(said) and None not in said


def tell_good_from_bad(values: Iterable[Any]) -> bool:
    """Return whether values say in words that some are right and some wrong."""
    said = {_verdict(value) for value in values if isinstance(value, str) and not value.isdecimal()}
    return said == {True, False}


def _verdict(value: Any) -> bool | None:
    if isinstance(value, bool) or value in (0, 1):
        return bool(value)
    if value in (-1, "-1"):
        return False
    if isinstance(value, dict):
        return next((_verdict(value[key]) for key in _SCORES if value.get(key) is not None), None)
    said = _plain_verdict(value) if isinstance(value, str) and len(value) < 20 else ""
    return False if said in _NO else True if said in _YES else None


def _plain_verdict(value: str) -> str:
    return "thumbsup" if value[:1] == "👍" else "thumbsdown" if value[:1] == "👎" else plain_name(value)


def split_of(value: Any, key: str = "") -> SplitName | None:
    """Return the split that a value names, as people write it: ``TEST``, ``val2014``, ``training set``; or the split of
    a key such as ``is_test`` whose value is yes."""
    if named := _IN_SPLIT.get(plain_name(key)):
        return named if _verdict(value) else None
    if not isinstance(value, str) or len(value) > 40:
        return None
    name = plain_name(value)
    return _SPLITS.get(name) or _SPLITS.get(_AROUND_SPLIT.sub("", name))


def is_yes_or_no(key: str, value: Any) -> bool:
    """Return whether a key such as ``is_test`` has an answer, yes or no."""
    return plain_name(key) in _IN_SPLIT and _verdict(value) is not None


def are_splits(values: Iterable[Any]) -> bool:
    """Return whether values name splits, more than one of them."""
    named = {split_of(value) for value in values}
    return None not in named and len(named) > 1
