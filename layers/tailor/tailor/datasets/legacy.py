"""Encodings from before Unicode that Vietnamese and Western files still come in.

Python knows Windows-1258 and the Western one. TCVN3 (the ``.VnTime`` fonts) and VISCII are tables here; they give each
Vietnamese letter one byte. The capitals that both put among the ASCII controls are left out: in files they are damage.
"""

import codecs
import re
import unicodedata
from typing import Final, Protocol

_TCVN: Final = (
    "ÀẢÃÁẠẶẬÈẺẼÉẸỆÌỈĨÍỊÒỎÕÓỌỘỜỞỠỚỢÙỦŨ"
    "\u00a0ĂÂÊÔƠƯĐăâêôơưđẰ\u0300\u0309\u0303\u0301\u0323àảãáạẲằẳẵắẴ"
    "ẮẦẨẪẤỀặầẩẫấậèỂẻẽéẹềểễếệìỉỄẾỒĩíịò"
    "ỔỏõóọồổỗốộờởỡớợùỖủũúụừửữứựỳỷỹýỵỐ"
)
_VISCII: Final = (
    "ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲ"
    "ÕắằặấầẩậẽẹếềểễệốồổỗỠƠộờởịỰỨỪỬơớƯ"
    "ÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳĐứÒÓÔạỷừửÙÚỹỵÝỡư"
    "àáâãảăữẫèéêẻìíĩỉđựòóôõỏọụùúũủýợỮ"
)
_TABLES: Final = {name: "".join(map(chr, range(128))) + high for name, high in (("tcvn3", _TCVN), ("viscii", _VISCII))}

NAMES: Final = {
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32-le": "UTF-32",
    "utf-32-be": "UTF-32",
    "cp1258": "Windows-1258 (Vietnamese)",
    "cp1252": "Windows-1252 (Western)",
    "tcvn3": "TCVN3 (Vietnamese)",
    "viscii": "VISCII (Vietnamese)",
}
"""What people call the encodings that can be converted."""

COMBINING: Final = frozenset({"cp1258", "tcvn3"})
"""Encodings that write tone marks behind their letters, so that the text has to be composed."""

_SAMPLE: Final = 1 << 18
_SYLLABLE: Final = re.compile(
    "(?:ngh?|nh|gh?|gi|kh?|ph|th|tr|ch?|qu?|[bdđhlmnrstvx]|p)?[aăâeêioôơuưy]{1,3}(?:ng|nh|ch|[cmnpt])?"
)
_TONES: Final = dict.fromkeys(map(ord, "\u0300\u0301\u0303\u0309\u0323"))
_WESTERN: Final = frozenset("àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿßœšžÀÁÂÄÅÆÇÈÉÊËÍÎÏÑÓÔÖØÚÛÜŒŠŽ‘’“”–—…«»°€£§©®™¿¡·½¼²³\xa0×")


class Decoder(Protocol):
    def decode(self, data: bytes, /, final: bool = False) -> str: ...


class _TableDecoder:
    def __init__(self, table: str) -> None:
        self._table = table

    def decode(self, data: bytes, /, final: bool = False) -> str:
        return codecs.charmap_decode(data, "replace", self._table)[0]


def decoder(name: str) -> Decoder:
    """An incremental decoder; what can't be decoded becomes U+FFFD."""
    if name in _TABLES:
        return _TableDecoder(_TABLES[name])
    return codecs.getincrementaldecoder(name)("replace")


def guess(sample: bytes) -> str | None:
    """The codec of text that is not UTF-8: the one that makes the most Vietnamese syllables, else the Western one."""
    sample = sample[:_SAMPLE]
    vietnamese = {name: _vietnamese_share(sample, name) for name in ("cp1258", "tcvn3", "viscii")}
    best = max(vietnamese, key=vietnamese.__getitem__)
    if vietnamese[best] >= 0.6:
        return best
    return "cp1252" if _western_share(sample) >= 0.9 else None


def _vietnamese_share(sample: bytes, name: str) -> float:
    """Of the words with letters beyond ASCII, the share that are Vietnamese syllables."""
    text = unicodedata.normalize("NFC", decoder(name).decode(sample, final=True))
    words = [word for word in text.split() if not word.isascii()][:5000]
    if not words or (name == "cp1258" and not any(character in text for character in "đươăĐƯƠĂạảấậếệọộợụ")):
        return 0.0
    return sum(map(_is_syllable, words)) / len(words)


def _is_syllable(word: str) -> bool:
    if not (word.islower() or word.istitle() or word.isupper()):
        word = word.rstrip(".,;:!?\"')”")
    decomposed = unicodedata.normalize("NFD", word.strip(".,;:!?\"'()”“").casefold())
    tones = sum(mark in _TONES for mark in map(ord, decomposed))
    base = unicodedata.normalize("NFC", decomposed.translate(_TONES))
    return tones <= 1 and _SYLLABLE.fullmatch(base) is not None


def _western_share(sample: bytes) -> float:
    """Of the characters beyond ASCII, the share that Western text has; runs of them are another writing system."""
    text = sample.decode("cp1252", "replace")
    beyond = [character for character in text if character > "\x7f"]
    runs = sum(len(run) for run in re.findall(r"[^\x00-\x7f]{4,}", text))
    return (sum(character in _WESTERN for character in beyond) - runs) / len(beyond) if beyond else 0.0
