"""`tailor recipe`: print a tailor.yaml with every setting, its default and what it does."""

import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tailor.recipe import Recipe

COLUMN = 44


def recipe(as_json: Annotated[bool, typer.Option("--json", help="print the settings as JSON")] = False) -> None:
    """Print a tailor.yaml with every setting and its default, to start from."""
    typer.echo(Recipe().model_dump_json(indent=2) if as_json else starter().removesuffix("\n"))


def starter() -> str:
    """Return a complete tailor.yaml as text; parsing it gives the default recipe."""
    return "".join(f"{line}\n" for line in _lines(Recipe, ""))


def _lines(model: type[BaseModel], indent: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            yield f"{indent}{name}:" + (f"  # {field.description}" if field.description else "")
            yield from _lines(type(default), indent + "  ")
            continue
        setting = f"{indent}{name}: {_value(default)}"
        note = "; ".join(filter(None, (field.description, _choices(field))))
        yield f"{setting:<{COLUMN}}# {note}" if note else setting


def _value(default: Any) -> str:
    plain = _plain(default)
    return "" if plain is None else yaml.safe_dump(plain, default_flow_style=True, width=1000).split("\n")[0]


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _choices(field: FieldInfo) -> str:
    options = [option for kind in _kinds(field.annotation) if get_origin(kind) is Literal for option in get_args(kind)]
    return f"one of {', '.join(map(str, options))}" if options else ""


def _kinds(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in (Union, types.UnionType):
        return get_args(annotation)
    return get_args(annotation)[:1] if get_origin(annotation) is Annotated else (annotation,)
