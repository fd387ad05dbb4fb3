"""Decode files in encodings from before Unicode.

Vietnamese and Western ones are told here. Python knows Windows-1258 and the Western one. TCVN3 (the ``.VnTime`` fonts)
and VISCII are tables here; they give each Vietnamese letter one byte. The capitals that both put among the ASCII
controls are left out: in files they are damage. Other encodings are told by a library, whose word is taken only where
the text that comes out is of that writing: a wrong guess would train on nonsense.
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
    "cp1250": "Windows-1250 (Central European)",
    "cp1252": "Windows-1252 (Western)",
    "tcvn3": "TCVN3 (Vietnamese)",
    "viscii": "VISCII (Vietnamese)",
    "gb18030": "GB18030 (Chinese)",
    "big5hkscs": "Big5 (Chinese)",
    "cp932": "Shift-JIS (Japanese)",
    "euc_jis_2004": "EUC-JP (Japanese)",
    "cp949": "EUC-KR (Korean)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "kz1048": "KZ-1048 (Cyrillic)",
    "koi8_u": "KOI8 (Cyrillic)",
    "cp866": "code page 866 (Cyrillic)",
    "iso8859_5": "ISO 8859-5 (Cyrillic)",
    "cp1253": "Windows-1253 (Greek)",
    "cp1255": "Windows-1255 (Hebrew)",
    "cp1256": "Windows-1256 (Arabic)",
    "cp874": "Windows-874 (Thai)",
}
"""Names that people use for the encodings that can be converted."""

_SHOWN: Final = {
    ord(bytes([byte]).decode("cp1252", "ignore") or chr(byte)): letter
    for byte, letter in enumerate(_TABLES["tcvn3"])
    if byte > 127
} | {0x03BC: "à"}
"""Letters of TCVN3, keyed by what programs without it show; some take the micro sign for a Greek letter."""

COMBINING: Final = frozenset({"cp1258", "tcvn3"})
"""Encodings with tone marks after their letters, so that the text must be composed."""

_SAMPLE: Final = 1 << 18
_SYLLABLE: Final = re.compile(
    "(?:ngh?|nh|gh?|gi|kh?|ph|th|tr|ch?|qu?|[bdđhlmnrstvx]|p)?[aăâeêioôơuưy]{1,3}(?:ng|nh|ch|[cmnpt])?"
)
_TONES: Final = dict.fromkeys(map(ord, "\u0300\u0301\u0303\u0309\u0323"))
_WESTERN: Final = frozenset(
    "àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿßœšžÀÁÂÄÅÆÇÈÉÊËÍÎÏÑÓÔÖØÚÛÜŒŠŽ‘’‚“”„–—…«»°€£§©®™¿¡·½¼²³ªº\xa0×"
)

_CENTRAL: Final = frozenset({"Czech", "Slovak", "Polish", "Hungarian", "Romanian", "Croatian", "Slovene"})
"""Languages of Windows-1250, whose letters could be mistaken for Western ones."""
_LEAST_CENTRAL: Final = 200
_LEAST_WESTERN: Final = 6
_SUPERSETS: Final = {
    "gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs", "cp950": "big5hkscs", "shift_jis": "cp932",
    "shift_jis_2004": "cp932", "shift_jisx0213": "cp932", "euc_jp": "euc_jis_2004", "euc_jisx0213": "euc_jis_2004",
    "euc_kr": "cp949", "koi8_r": "koi8_u", "cp1125": "cp866", "tis_620": "cp874",
}  # fmt: skip
_CYRILLIC: Final = re.compile("[\u0400-\u04ff]")
_OF_SCRIPT: Final = {
    **dict.fromkeys(("gb18030", "big5hkscs"), re.compile("[\u4e00-\u9fff]")),
    **dict.fromkeys(("cp932", "euc_jis_2004"), re.compile("[\u3005\u3040-\u30ff\u4e00-\u9fff]")),
    "cp949": re.compile("[\uac00-\ud7a3]"),
    **dict.fromkeys(("cp1251", "kz1048", "koi8_u", "cp866", "iso8859_5"), _CYRILLIC),
    "cp1253": re.compile("[\u0370-\u03ff]"),
    "cp1255": re.compile("[\u0590-\u05ff]"),
    "cp1256": re.compile("[\u0600-\u06ff]"),
    "cp874": re.compile("[\u0e00-\u0e7f]"),
}
"""Letters of the script that an encoding is for."""
_KANA: Final = re.compile("[\u3040-\u30ff]")
_FREQUENT: Final = re.compile("[оеаинтсрвліОЕАИНТСРВЛІ]")
_LEAST_LETTERS: Final = 20


class Decoder(Protocol):
    def decode(self, data: bytes, /, final: bool = False) -> str: ...


class _TableDecoder:
    def __init__(self, table: str) -> None:
        self._table = table

    def decode(self, data: bytes, /, final: bool = False) -> str:
        return codecs.charmap_decode(data, "replace", self._table)[0]


def decoder(name: str) -> Decoder:
    """Return an incremental decoder; what can't be decoded becomes U+FFFD."""
    if name in _TABLES:
        return _TableDecoder(_TABLES[name])
    return codecs.getincrementaldecoder(name)("replace")


def guess(sample: bytes) -> str | None:
    """Return the codec of text that is not UTF-8: the one that yields the most Vietnamese syllables, or else a
    library's guess, if it is certain."""
    sample = sample if len(sample) <= _SAMPLE else _cut(sample[:_SAMPLE])
    vietnamese = {name: _vietnamese_share(sample, name) for name in ("cp1258", "tcvn3", "viscii")}
    best = max(vietnamese, key=vietnamese.__getitem__)
    western, beyond = _western_share(sample), _beyond_ascii(sample)
    # Italian's "più" would make Vietnamese syllables, too; but Vietnamese has letters that Western text has not.
    if vietnamese[best] >= 0.6 and (western < 0.95 or beyond < _LEAST_WESTERN):
        return best
    name, language = _by_library(sample)
    if name == "cp1250" and language in _CENTRAL and beyond >= _LEAST_CENTRAL:
        return name
    if western >= 0.9:
        return "cp1252"
    return name if name in _OF_SCRIPT and _is_of_script(sample, name) else None


def _cut(sample: bytes) -> bytes:
    """Return the text without a possibly incomplete last character; word separators are single bytes everywhere."""
    return sample[: max(map(sample.rfind, (b"\n", b" ", b",", b'"'))) + 1] or sample


def _by_library(sample: bytes) -> tuple[str, str]:
    """Return codec and language; empty if the library does not know. A damaged character affects only one half."""
    from charset_normalizer import from_bytes  # few files need it

    half = len(_cut(sample[: len(sample) // 2]))
    for part in (sample, sample[:half], sample[half:]):
        found = from_bytes(part).best()
        if found:
            return _SUPERSETS.get(found.encoding, found.encoding), found.language
    return "", ""


def _beyond_ascii(sample: bytes) -> int:
    return len(sample) - len(sample.translate(None, bytes(range(128, 256))))


def _vietnamese_share(sample: bytes, name: str) -> float:
    """Return the share of Vietnamese syllables among the words with letters beyond ASCII."""
    text = unicodedata.normalize("NFC", decoder(name).decode(sample, final=True))
    words = [word for word in text.split() if not word.isascii()][:5000]
    if not words or (name == "cp1258" and not any(character in text for character in "đươăĐƯƠĂạảấậếệọộợụ")):
        return 0.0
    return sum(map(is_syllable, words)) / len(words)


def tcvn3_text(text: str) -> str:
    """Return text in Unicode for text that a TCVN3 font shows correctly, and any other font as Latin letters."""
    return unicodedata.normalize("NFC", text.translate(_SHOWN))


def is_syllable(word: str) -> bool:
    """Return whether a word is a possible Vietnamese syllable."""
    if not (word.islower() or word.istitle() or word.isupper()):
        word = word.rstrip(".,;:!?\"')”")
    decomposed = unicodedata.normalize("NFD", word.strip(".,;:!?\"'()”“").casefold())
    tones = sum(mark in _TONES for mark in map(ord, decomposed))
    base = unicodedata.normalize("NFC", decomposed.translate(_TONES))
    return tones <= 1 and _SYLLABLE.fullmatch(base) is not None


def _western_share(sample: bytes) -> float:
    """Return the share of non-ASCII characters that occur in Western text.

    Runs of them are another writing system, and low quotation marks within words are letters of another encoding.
    """
    text = sample.decode("cp1252", "replace")
    beyond = [character for character in text if character > "\x7f"]
    runs = sum(len(run) for run in re.findall(r"[^\x00-\x7f]{4,}|(?<=\w)[‚„](?=\w)", text))
    return (sum(character in _WESTERN for character in beyond) - runs) / len(beyond) if beyond else 0.0


def _is_of_script(sample: bytes, name: str) -> bool:
    """Return whether the text is in the script that an encoding is for."""
    text = decoder(name).decode(sample)
    beyond = [character for character in text if character > "\x7f" and _counts(character)][:5000]
    own = [character for character in beyond if _OF_SCRIPT[name].match(character)]
    least = _LEAST_LETTERS // 2 if _OF_SCRIPT[name].match("\u4e00") or name == "cp949" else _LEAST_LETTERS
    return len(own) >= least and len(own) >= 0.9 * len(beyond) and _is_usual(name, text, own)


def _counts(character: str) -> bool:
    """Return the numbers of letters and of replacements for invalid bytes."""
    return character.isalpha() or character == "\ufffd" or character < "\xa0"


def _is_usual(name: str, text: str, own: list[str]) -> bool:
    """Return whether the text consists of characters common in that script; rare ones suggest a wrong encoding."""
    if name in ("gb18030", "big5hkscs"):
        return sum(map(_is_common_han, own)) >= 0.8 * len(own)
    if name in ("cp932", "euc_jis_2004"):
        return sum(bool(_KANA.match(character)) for character in own) >= 0.1 * len(own)
    if _OF_SCRIPT[name] is _CYRILLIC:
        words = re.findall(r"[\u0400-\u04ff]{2,}", text)[:5000]
        cased = sum(word.islower() or word.isupper() or word.istitle() for word in words)
        frequent = sum(bool(_FREQUENT.match(character)) for character in own)
        return frequent >= 0.45 * len(own) and cased >= 0.8 * len(words)
    return True


def _is_common_han(character: str) -> bool:
    """Return whether it is in the first level of the mainland's or Taiwan's standard: the characters in daily use."""
    simplified, traditional = character.encode("gb2312", "ignore"), character.encode("big5", "ignore")
    return simplified[:1] in _LEVEL_1["gb2312"] or traditional[:1] in _LEVEL_1["big5"]


_LEVEL_1: Final = {
    "gb2312": {bytes([lead]) for lead in range(0xB0, 0xD8)},
    "big5": {bytes([lead]) for lead in range(0xA4, 0xC7)},
}
"""First bytes of a file."""
