"""Parse the whole program's options anywhere on the command line, and end it with the right exit code.

Imports nothing heavy: `tailor --version` needs it too.
"""

import json
import sys
from collections.abc import Sequence

import click

from tailor_cli import language

INTERRUPTED = 130  # as shells say it of SIGINT
JSON = "--json"
_FLAGS = frozenset({"--local"})
_VALUES = frozenset({"--stack", language.OPTION})


def arranged(words: Sequence[str]) -> list[str]:
    """Return the arguments with the program's options first and ``--json`` last, wherever they were.

    What follows ``--`` stays as it is.
    """
    end = words.index("--") if "--" in words else len(words)
    first, rest, last = list[str](), list[str](), list[str]()
    given = iter(words[:end])
    for word in given:
        if word in _FLAGS or word.partition("=")[0] in _VALUES:
            first.append(word)
            if word in _VALUES:
                first += [value for value in [next(given, None)] if value is not None]
        elif word == JSON:
            last = [JSON]
        else:
            rest.append(word)
    return [*first, *rest, *last, *words[end:]]


def wants_json(words: Sequence[str]) -> bool:
    """Return whether the arguments ask for JSON."""
    return JSON in words[: words.index("--") if "--" in words else len(words)]


def say_error(code: str, message: str, hint: str = "", **more: object) -> None:
    """Print an error as one line of JSON on standard error."""
    from tailor.printable import printable_json

    document = {"error": {"code": code, "message": message, "hint": hint, **more}}
    click.echo(printable_json(json.dumps(document, ensure_ascii=False)), err=True)


def end_with(error: click.ClickException | click.Abort, words: Sequence[str]) -> int:
    """Print what is wrong with the command line, or that it was aborted; return the exit code."""
    from typer import rich_utils

    if isinstance(error, click.Abort):
        if wants_json(words):
            say_error("aborted", "not confirmed: nothing was done", "--yes answers where a command has it")
        else:
            click.echo(language.said("not confirmed: nothing was done"), err=True)
        return 1
    if wants_json(words):
        say_error("usage", error.format_message())
    else:
        rich_utils.rich_format_error(language.translated_error(error))
    return error.exit_code


def end_interrupted(words: Sequence[str]) -> int:
    """Print that Ctrl-C ended the command; return the exit code."""
    if wants_json(words):
        say_error("interrupted", "interrupted")
    else:
        click.echo("\n" + language.said("interrupted"), err=True)
    return INTERRUPTED


def own_arguments() -> list[str]:
    """Return the arguments of this process."""
    return sys.argv[1:]
