"""Make text that came from elsewhere safe to print: a name must not steer a terminal, or forge a line of output."""

import re

# Controls of terminals (C0, DEL, C1), characters that reorder or hide others (Unicode's bidirectional and annotation
# controls, tags), separators of lines, and halves of characters.
_UNSEEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f"
)
_IN_TEXT = re.compile(f"[{_UNSEEN}]")
_IN_A_LINE = re.compile(f"[{_UNSEEN}\t\n]")


def printable(text: str) -> str:
    r"""Return ``text`` with each control as a visible escape, such as ``\x1b``; keeps newlines and tabs."""
    return _IN_TEXT.sub(_escaped, text)


def one_line(text: str) -> str:
    r"""Return ``text`` as :func:`printable` does, and on one line: a newline becomes ``\n``."""
    return _IN_A_LINE.sub(_escaped, text)


def printable_json(document: str) -> str:
    r"""Return a JSON document with each control as JSON's own escape, ``\u001b``: it means the same as before."""
    return _IN_TEXT.sub(lambda found: "".join(f"\\u{unit:04x}" for unit in _units(found[0])), document)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    if found[0] in "\t\n\r":
        return {"\t": "\\t", "\n": "\\n", "\r": "\\r"}[found[0]]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _units(char: str) -> list[int]:
    """Return the UTF-16 units of a character."""
    raw = char.encode("utf-16-be", errors="surrogatepass")
    return [int.from_bytes(raw[place : place + 2], "big") for place in range(0, len(raw), 2)]
