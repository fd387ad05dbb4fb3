"""The language in which the command line speaks to people: English, or Vietnamese by ``vietnamese.toml``.

What the library says is :mod:`tailor.vietnamese`'s; here are the words of the command line alone.

English stands in the code; :func:`said` looks it up, as gettext does. What programs read (JSON, CSV, codes) stays
English. Imports nothing heavy: `tailor --version` needs it too.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    import click

    from tailor.phrasebook import Phrasebook

Language = Literal["en", "vi"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
OPTION: Final = "--lang"
SETTING: Final = "TAILOR_LANG"
_LOCALE: Final = ("LC_ALL", "LC_MESSAGES", "LANG")  # the first that is set counts, as POSIX has it
_PLAIN: Final = dict[str, str]()  # typer's own words, by the name of their constant, before they were translated


class _Speech:
    """The language in use."""

    language: Language = "en"


def chosen(words: Sequence[str], environment: Mapping[str, str]) -> Language:
    """Return the language that a command line or, without ``--lang``, the environment asks for."""
    given = list(words[: words.index("--")] if "--" in words else words)
    asked = [after for word, after in pairwise(given) if word == OPTION]
    asked += [word.partition("=")[2] for word in given if word.startswith(f"{OPTION}=")]
    settings = [environment[name] for name in (SETTING, *_LOCALE) if environment.get(name)]
    return "vi" if (asked or settings or ["en"])[0].lower().startswith("vi") else "en"


def use(language: Language) -> None:
    """Speak a language from now on."""
    _Speech.language = language
    if _PLAIN:
        _translate_typer()


def spoken() -> Language:
    """Return the language in use."""
    return _Speech.language


def said(text: str) -> str:
    """Return an English text in the language in use; as it is where it has no translation."""
    if _Speech.language == "en":
        return text
    from tailor import vietnamese

    known = phrasebook().said(text)
    return vietnamese.in_vietnamese(text) if known is None else known


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a docstring, each as one line: the keys of its translation."""
    return [" ".join(part.split()) for part in text.split("\n\n")]


@cache
def phrasebook() -> "Phrasebook":
    """Return the Vietnamese texts, the library's too. Of several templates that fit, the one that says most counts."""
    from tailor import vietnamese
    from tailor.phrasebook import Phrasebook

    labels = _texts()["labels"]
    own = [pair for name, part in _texts().items() if name != "labels" for pair in part.items()]
    pairs = vietnamese.most_literal([*own, *vietnamese.pairs()])
    return Phrasebook(pairs, vietnamese.value, labels, vietnamese.states())


def english() -> dict[str, str]:
    """Return all English texts with their translations, the library's too."""
    from tailor import vietnamese

    return dict(vietnamese.pairs()) | {english: other for part in _texts().values() for english, other in part.items()}


@cache
def _texts() -> dict[str, dict[str, str]]:
    import tomllib
    from importlib.resources import files

    return tomllib.loads(files("tailor_cli").joinpath("vietnamese.toml").read_text("utf-8"))


def translate_help(command: "click.Command") -> "click.Command":
    """Put a command's help, and that of its options and subcommands, into the language in use. Returns the command."""
    import click

    if _Speech.language == "en":
        return command
    _translate_typer()
    command.context_class = context_class()
    command.help = "\n\n".join(map(said, paragraphs(command.help or "")))
    command.epilog = said(command.epilog) if command.epilog else None
    helping = command.get_help_option(click.Context(command))
    for option in (*command.params, helping):
        if text := getattr(option, "help", None):
            option.help = said(" ".join(text.split()))  # type: ignore[union-attr]  # arguments of typer have it too
    for inner in getattr(command, "commands", {}).values():
        translate_help(inner)
    return command


def translated_error(error: "click.ClickException") -> "click.ClickException":
    """Return an error in the command line with its message in the language in use."""
    import click

    if _Speech.language == "en" or not isinstance(error, click.UsageError) or not error.format_message():
        return error
    _translate_typer()
    return click.UsageError(said(error.format_message()), error.ctx)


def context_class() -> type["click.Context"]:
    """Return the class of contexts whose help begins with "Usage" in the language in use."""
    import click

    if _Speech.language == "en":
        return click.Context
    return _translating_context()


@cache
def _translating_context() -> type["click.Context"]:
    import click

    class Formatter(click.HelpFormatter):
        def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
            super().write_usage(prog, args, said("Usage: ") if prefix is None else prefix)

    class Context(click.Context):
        formatter_class = Formatter

    return Context


def _translate_typer() -> None:
    """Put typer's own words, which are constants of its module, into the language in use."""
    from typer import rich_utils

    for name in dir(rich_utils):
        if name.endswith(("_TITLE", "_STRING", "_TEXT")) or name == "RICH_HELP":
            plain = _PLAIN.setdefault(name, getattr(rich_utils, name))
            known = phrasebook().said(plain) if _Speech.language == "vi" else None
            setattr(rich_utils, name, plain if known is None else known)
