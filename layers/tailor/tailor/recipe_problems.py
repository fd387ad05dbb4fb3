"""Problems of a recipe's settings in words for people, none of a library's."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, get_args

from pydantic import BaseModel

from tailor.errors import Problem

_Told = tuple[str, str]
_SEE: Final = "docs/recipe.md explains the setting"
_NUMBER: Final = re.compile(r"\s*([\d.,]+)\s*%\s*")


class SettingError(ValueError):
    """A setting can't be as it is; ``fix`` says how to write it."""

    def __init__(self, message: str, fix: str = _SEE) -> None:
        super().__init__(message)
        self.fix = fix


def problems_of(model: type[BaseModel], details: Iterable[Mapping[str, Any]]) -> list[Problem]:
    """Return the problems of a recipe's settings, one for each."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for detail in details:
        found.setdefault(_place(model, detail["loc"]), []).append(detail)
    return [_problem(model, where, told) for where, told in found.items()]


def _place(model: type[BaseModel], loc: tuple[int | str, ...]) -> str:
    """Return the path of a setting, without the kinds of values that it may have."""
    path: list[str] = []
    inner: type[BaseModel] | None = model
    for part in loc:
        if inner is None and isinstance(part, str) and re.search(r"[\[(]|^(?:str|int|float|bool|list|tuple)$", part):
            break
        path.append(str(part))
        if isinstance(part, str):
            inner = _section(inner, part)
    return ".".join(path) or "tailor.yaml"


def _section(model: type[BaseModel] | None, name: str) -> type[BaseModel] | None:
    field = model.model_fields.get(name) if model else None
    kinds = [field.annotation, *get_args(field.annotation)] if field else []
    kinds += [inner for kind in kinds for inner in get_args(kind)]
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _problem(model: type[BaseModel], where: str, details: list[Mapping[str, Any]]) -> Problem:
    detail, kinds = details[0], {detail["type"] for detail in details}
    value = detail["input"]
    if detail["type"] == "extra_forbidden":
        return Problem(where, "there is no such setting", _meant(model, where.split(".")))
    if {"string_type", "list_type"} <= kinds:
        message, fix = "a name or a list of names is needed", "write a name, or [name, name]"
    elif detail["type"] in ("model_type", "dict_type", "model_attributes_type"):
        message, fix = _needs_settings(known_settings(model, where.split(".")))
    elif detail["type"] == "missing":
        return Problem(where, "the setting is missing", f"add it: {where.rpartition('.')[2]}: …")
    else:
        message, fix = _TOLD.get(detail["type"], _other)(detail)
    return Problem(where, f"{message} (found {value!r:.80})", fix)


def _meant(model: type[BaseModel], path: list[str]) -> str:
    known = known_settings(model, path[:-1])
    near = difflib.get_close_matches(path[-1].lower(), known, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    sections = [name for name in model.model_fields if path[-1] in known_settings(model, [name])]
    return f"write it below {sections[0]!r}" if sections else f"known here: {', '.join(known)}"


def _needs_settings(known: list[str]) -> _Told:
    fix = "write settings below it, as 'name: value'"
    return "settings are needed here", f"{fix}; known here: {', '.join(known)}" if known else fix


def known_settings(model: type[BaseModel], path: list[str]) -> list[str]:
    """Return the names of the settings in a section of a recipe."""
    inner: type[BaseModel] | None = model
    for part in path:
        inner = inner if part.isdecimal() else _section(inner, part)
    return list(inner.model_fields) if inner else []


def _limits(detail: Mapping[str, Any]) -> _Told:
    context = detail["ctx"]
    for key, words in (("ge", "at least"), ("gt", "more than"), ("le", "at most"), ("lt", "less than")):
        if key in context:
            return f"the number must be {words} {context[key]:g}", f"write a number that is {words} {context[key]:g}"
    return "the number is out of its range", _SEE


def _number(detail: Mapping[str, Any]) -> _Told:
    percent = _NUMBER.fullmatch(detail["input"]) if isinstance(detail["input"], str) else None
    try:
        fix = f"write {float(percent[1].replace(',', '.')) / 100:g}" if percent else "write a number, such as 0.1"
    except ValueError:
        fix = "write a number, such as 0.1"
    return "a number is needed", fix


def _one_of(detail: Mapping[str, Any]) -> _Told:
    expected = detail["ctx"]["expected"].replace("'", "")
    names = re.split(r", | or ", expected)
    near = difflib.get_close_matches(str(detail["input"]).lower(), names, n=1)
    return (
        "this is none of the known values",
        f"did you mean {near[0]!r}? Known: {expected}" if near else f"write {expected}",
    )


def _own(detail: Mapping[str, Any]) -> _Told:
    error = detail["ctx"]["error"]
    return str(error), error.fix if isinstance(error, SettingError) else _SEE


def _pattern(detail: Mapping[str, Any]) -> _Told:
    start = re.fullmatch(r"\^([\w:/]+)", detail["ctx"]["pattern"])
    return (
        (f"the text must begin with {start[1]}", f"write {start[1]}…")
        if start
        else ("the text has no known form", _SEE)
    )


def _other(detail: Mapping[str, Any]) -> _Told:
    return "the value can't be used", _SEE


def _text(message: str, fix: str) -> Callable[[Mapping[str, Any]], _Told]:
    return lambda detail: (message, fix)


_LIST: Final = _text("a list is needed", "write a list: [one, another], or a line with '- ' for each")
_WHOLE: Final = _text("a whole number is needed", "write a number such as 3")
_TOLD: Final[dict[str, Callable[[Mapping[str, Any]], _Told]]] = {
    **dict.fromkeys(("greater_than_equal", "greater_than", "less_than_equal", "less_than"), _limits),
    **dict.fromkeys(("float_parsing", "float_type", "decimal_parsing", "decimal_type"), _number),
    **dict.fromkeys(("int_parsing", "int_type", "int_from_float", "int_parsing_size"), _WHOLE),
    **dict.fromkeys(("bool_parsing", "bool_type"), _text("true or false is needed", "write true or false")),
    **dict.fromkeys(("tuple_type", "list_type"), _LIST),
    "finite_number": _text("a finite number is needed", "write a number such as 0.1"),
    **dict.fromkeys(
        ("datetime_parsing", "datetime_from_date_parsing", "datetime_type", "datetime_object_invalid"),
        _text("a date with a time is needed", "write 2026-12-24 18:00 (UTC), or 2026-12-24T18:00+07:00"),
    ),
    "literal_error": _one_of,
    "value_error": _own,
    "string_type": _text("a text is needed", "write it in quotation marks if it is meant as text"),
    "string_too_short": _text("the text is empty", "write a text, or remove the line"),
    "string_too_long": lambda detail: (
        f"the text is longer than {detail['ctx']['max_length']} characters", "shorten it",
    ),
    "string_pattern_mismatch": _pattern,
    "too_short": _text("the list is empty", "write an entry, or remove the line"),
    "too_long": lambda detail: (f"there are more than {detail['ctx']['max_length']} entries", "remove some"),
}  # fmt: skip
