"""Parse a recipe's YAML without features that a page of settings does not need and a stranger could misuse.

Aliases are refused (a few lines of them stand for billions of values), and so is a repeated setting: the first would
silently be ignored.
"""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from tailor.errors import Problem, RecipeError

MAX_BYTES = 64 * 1024
MAX_DEPTH = 32  # brackets within brackets
MAX_DIGITS = 1000  # of a number
_SURROGATE = re.compile("[\ud800-\udfff]")
_FILE = "tailor.yaml"
_ANCHORS = "write the value out in both places"
_TWICE = "keep one of the two"


def load(text: str | bytes) -> dict[str, Any]:
    """Return the settings; empty for an empty file. Raises RecipeError, with the line if known."""
    if len(text) > MAX_BYTES:
        fix = "a recipe is a page of settings; data goes into a file of its own"
        raise RecipeError([Problem(_FILE, f"the recipe is larger than {MAX_BYTES:,} bytes", fix)])
    if _depth(text) > MAX_DEPTH:
        fix = "a recipe has sections and settings, no more; close the brackets that are open"
        raise RecipeError([Problem(_FILE, "brackets are nested too deeply", fix)])
    try:
        value = yaml.load(text, _Loader)  # noqa: S506  (it is a SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise RecipeError([_problem(error)]) from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        fix = "write settings as 'name: value', for example 'model: nova-lite'"
        raise RecipeError([Problem(_FILE, "the recipe is not a list of settings", fix)])
    return value


def dump(settings: Mapping[str, Any]) -> str:
    """Return settings as YAML; :func:`load` reads the same from it."""
    return yaml.safe_dump(dict(settings), allow_unicode=True, sort_keys=False) if settings else ""


class _Refused(yaml.MarkedYAMLError):
    """``note`` is what to do about it."""


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.get_event().start_mark  # type: ignore[no-untyped-call]
            raise _Refused(problem="a recipe has no aliases", problem_mark=mark, note=_ANCHORS)
        node = super().compose_node(parent, index)
        if isinstance(node, yaml.ScalarNode) and _SURROGATE.search(node.value):
            problem = "half of a character, written as an escape, is not text"
            raise _Refused(problem=problem, problem_mark=node.start_mark, note="write the character itself")
        return node

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        """Refuse numbers so long that even a message about them could not show them."""
        if len(node.value) > MAX_DIGITS:
            problem = f"a number is too long: more than {MAX_DIGITS:,} characters"
            raise _Refused(problem=problem, problem_mark=node.start_mark, note="write a smaller number")
        number: int = super().construct_yaml_int(node)
        return number

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                problem = f"{str(key.value)[:80]!r} is set twice"
                raise _Refused(problem=problem, problem_mark=key.start_mark, note=_TWICE)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)


def _depth(text: str | bytes) -> int:
    """Return the maximum number of brackets open at once: the parser's time grows with its square."""
    raw = text.encode(errors="replace") if isinstance(text, str) else text
    deepest = depth = 0
    for char in raw:
        if char in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in b"]}":
            depth -= 1
    return deepest


def _problem(error: Exception) -> Problem:
    mark = getattr(error, "problem_mark", None)
    where = f"{_FILE}, line {mark.line + 1}, column {mark.column + 1}" if mark else _FILE
    if isinstance(error, _Refused):
        return Problem(where, str(error.problem), str(error.note))
    if isinstance(error, yaml.reader.ReaderError) and error.encoding == "unicode":
        return Problem(where, f"character {error.position + 1:,} is not one of a text", "take it out")
    if isinstance(error, yaml.reader.ReaderError | UnicodeDecodeError):
        return Problem(where, "this is not UTF-8 text", "save the file as UTF-8")
    reason = getattr(error, "problem", None) or "a value is too long or too deep"
    return Problem(where, f"this is not valid YAML: {reason}", "check the indentation and the quotes around that place")
