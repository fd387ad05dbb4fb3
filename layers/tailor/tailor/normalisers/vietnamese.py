"""Normalise Vietnamese. Tones and accents are part of a word and are kept.

Steps: Unicode composition; spaces; case; the place of tone marks (``hoà`` is ``hòa``, ``tóan`` is ``toán``); i and y
(``kỹ`` is ``kĩ``); short forms of chats (``ko``); politeness (``dạ … ạ``); short forms of names (``TP.HCM``); colours;
numerals (``1.000`` is ``1000``, ``7,5`` is ``7.5``); number words (``một triệu rưỡi`` is ``1500000``); dates, times and
units; punctuation.
"""

import re
import unicodedata
from functools import lru_cache

from tailor.answers.dates import vietnamese_dates
from tailor.answers.numbers import vietnamese_numerals
from tailor.answers.short_forms import vietnamese_short_forms
from tailor.answers.units import with_rates, with_units
from tailor.answers.vietnamese_numbers import vietnamese_words
from tailor.normalisers.base import Normaliser, Step, build, compose, lower, squeeze, strip_punctuation

_TONES = "\u0300\u0309\u0303\u0301\u0323"  # grave, hook, tilde, acute, dot: what Vietnamese calls a tone
_ETH = str.maketrans("Ðð", "Đđ")  # Icelandic letters that old code pages leave in place of đ
_VOWELS = "aăâeêioôơuưy"
_TONED = "".join(unicodedata.normalize("NFC", vowel + tone) for vowel in _VOWELS for tone in _TONES)
_SYLLABLE = re.compile(
    rf"(?<!\w)(?P<onset>ngh|gh|gi(?=[{_VOWELS}{_TONED}])|g[ìỉĩíị](?=[{_VOWELS}])|qu|q[ùủũúụ]|ch|kh|ng|nh|ph|th|tr|"
    rf"[bcdđghklmnpqrstvx])?(?P<vowels>[{_VOWELS}{_TONED}]{{1,3}})(?P<coda>ch|ng|nh|[cmnpt])?(?!\w)",
    re.IGNORECASE,
)
_MODIFIED = "êơâăôư"


def _compose(text: str) -> str:
    return compose(text).translate(_ETH)


def _place_tones(text: str) -> str:
    return _SYLLABLE.sub(_placed, text)


def _placed(match: re.Match[str]) -> str:
    return _syllable(match[0], match["onset"] or "", match["vowels"], match["coda"] or "")


@lru_cache(maxsize=20_000)  # Vietnamese has some 7,000 syllables
def _syllable(given: str, onset: str, nucleus: str, coda: str) -> str:
    """Move a syllable's tone mark to its standard place; a syllable with no or several tones is unchanged."""
    letters, tones = [], []
    for letter in onset + nucleus:
        plain = unicodedata.normalize("NFD", letter)
        tones += [mark for mark in plain if mark in _TONES]
        letters.append(unicodedata.normalize("NFC", "".join(mark for mark in plain if mark not in _TONES)))
    bare = "".join(letters).replace("ưo", "ươ")  # ưo is no vowel of its own, nor is uơ before a consonant
    bare = bare.replace("uơ", "ươ") if coda else bare
    if len(tones) != 1:
        return given
    lowered = bare.lower()
    start = 2 if lowered.startswith("qu") or (lowered.startswith("gi") and len(bare) > 2) else len(onset)
    vowels = lowered[start:]
    if not vowels or any(letter not in _VOWELS for letter in vowels):
        return given
    place = start + _bearer(vowels, coda)
    return unicodedata.normalize("NFC", bare[: place + 1] + tones[0] + bare[place + 1 :]) + coda


def _bearer(vowels: str, coda: str) -> int:
    """Return the place of the vowel that carries the tone, by the old spelling of open syllables (``hòa``)."""
    modified = [place for place, vowel in enumerate(vowels) if vowel in _MODIFIED]
    if modified:
        return modified[-1]
    if len(vowels) == 1:
        return 0
    if coda:
        return len(vowels) - 1
    return 1 if len(vowels) == 3 else 0


_YS, _IS = ("".join(unicodedata.normalize("NFC", letter + tone) for tone in ("", *_TONES)) for letter in "yi")
_Y_SYLLABLE = re.compile(rf"(?<!\w)([hklmst])([{_YS}])(?!\w)")
_QUI_SYLLABLE = re.compile(rf"(?<!\w)qu([{_IS}])(?!\w)")
_Y_TO_I, _I_TO_Y = str.maketrans(_YS, _IS), str.maketrans(_IS, _YS)


def _one_i(text: str) -> str:
    text = _QUI_SYLLABLE.sub(lambda match: "qu" + match[1].translate(_I_TO_Y), text)
    return _Y_SYLLABLE.sub(lambda match: match[1] + match[2].translate(_Y_TO_I), text)


_CHAT = {"ko": "không", "hok": "không", "kô": "không", "đc": "được"}
_CHAT_WORD = re.compile(rf"(?<![\w.-])(?:{'|'.join(_CHAT)})(?![\w-]|\.\w)")
_ADDRESSED = "thưa(?: (?:anh|chị|em|cô|thầy|bạn|ông|bà|bác|chú|quý khách))?"
_POLITE_FIRST = re.compile(rf"^(?:(?:dạ|vâng|{_ADDRESSED})[ ,]+)+(?=\w)")
_POLITE_LAST = re.compile(r"(?<=\w)(?:[ ,]+(?:ạ|nhé|nha))+(?=[.! ]*$)")
_COLOUR = re.compile(
    r"(?<!\w)màu (?=(?:xanh (?!và |hay |hoặc )|(?:đỏ|vàng|nâu|hồng|tím|cam|xám|đen|trắng) "
    r"(?:tươi|đậm|nhạt|sẫm|thẫm|chanh|đất|ngà|đô|tía|rượu|nhung|mận|cam|nghệ|kem|sáng|tối)))"
)


def _without_chat(text: str) -> str:
    return _CHAT_WORD.sub(lambda match: _CHAT[match[0]], text)


def _plain_speech(text: str) -> str:
    """Remove politeness around an answer, but never all of it."""
    return _POLITE_LAST.sub("", _POLITE_FIRST.sub("", text)) or text


def _colours(text: str) -> str:
    """Remove ``màu`` before a colour of two words, which is unambiguous; ``cam`` alone is a fruit."""
    return _COLOUR.sub("", text)


def _typed(text: str) -> str:
    return with_units(vietnamese_dates(with_rates(text)), "vi")


VIETNAMESE: Normaliser = build(
    "vi-norm:v3",
    [
        Step("nfc", _compose),
        Step("space", squeeze),
        Step("lower", lower),
        Step("tone", _place_tones, label="old"),
        Step("iy", _one_i),
        Step("chat", _without_chat),
        Step("polite", _plain_speech),
        Step("short", vietnamese_short_forms),
        Step("colour", _colours),
        Step("decimal", vietnamese_numerals, label="comma"),
        Step("num", vietnamese_words),
        Step("typed", _typed),
        Step("punct", strip_punctuation, label="keepnum"),
    ],
)
