"""`tailor chat`: talk to a project's model through its API, as an app does."""

import base64
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from mimetypes import guess_type
from pathlib import Path
from typing import Annotated, Any

import typer

from tailor.errors import InvalidInputError, NotFoundError, TailorError
from tailor_cli.api_client import stream_chat
from tailor_cli.context import AsJson, err, out, person, say_json, session, show_error, shown_errors
from tailor_cli.known import project_or_close
from tailor_cli.runs import Project

KEY_SETTING = "TAILOR_API_KEY"
HOURS = 1  # how long a key for one chat works, should it not be revoked at its end
HELP = "/image FILE adds a picture to the next message, /new begins anew, /quit or Ctrl-D ends"


def chat(
    project: Project,
    message: Annotated[str | None, typer.Option("--message", "-m", help="ask this and end; - reads it")] = None,
    image: Annotated[
        list[Path] | None,
        typer.Option("--image", "-i", exists=True, dir_okay=False, help="picture of the first message; repeatable"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Talk to a project's live model through its API, with pictures.

    Uses the API key in TAILOR_API_KEY; without one, makes a key with your AWS credentials and revokes it at the end.
    """
    with shown_errors(interrupted="the chat is over"):
        asked = _message(message, as_json=as_json)
        with _key(project) as (name, key):
            talk = Talk(name, key)
            talk.add_images(image or [])
            if asked is not None:
                answer = talk.ask(asked, quiet=as_json)
                if as_json:
                    say_json(answer)
                return
            err.print(f"[bold]{name}[/], {HELP}", soft_wrap=True)
            for line in _lines():
                _do(talk, line)


class Talk:
    """A conversation. An answer that fails leaves it as it was."""

    def __init__(self, project: str, key: str) -> None:
        self._project, self._key = project, key
        self._messages = list[dict[str, Any]]()
        self._images = list[dict[str, Any]]()

    def clear(self) -> None:
        """Start a new conversation."""
        self._messages, self._images = [], []

    def add_images(self, files: list[Path]) -> None:
        """Show pictures with the next message. Raises InvalidInputError for a file that is none."""
        self._images += [{"type": "image_url", "image_url": {"url": _data_uri(file)}} for file in files]

    def ask(self, text: str, *, quiet: bool = False) -> dict[str, Any]:
        """Print the answer as it arrives, and return it with its model and usage."""
        content = [*self._images, {"type": "text", "text": text}] if self._images else text
        messages = [*self._messages, {"role": "user", "content": content}]
        found: dict[str, Any] = {"project": self._project, "run": None, "answer": "", "usage": None}
        for chunk in stream_chat(self._project, messages, self._key):
            found["run"] = chunk.get("system_fingerprint") or found["run"]
            found["usage"] = chunk.get("usage") or found["usage"]
            for choice in chunk.get("choices", ()):
                part = choice.get("delta", {}).get("content") or ""
                found["answer"] += part
                if not quiet:
                    out.print(part, end="", markup=False, soft_wrap=True)
        if not quiet:
            out.print()
        self._messages = [*messages, {"role": "assistant", "content": found["answer"]}]
        self._images = []
        return found


def _do(talk: Talk, line: str) -> None:
    """Do what a line asks for. Errors are printed, and the chat continues."""
    command, _, rest = line.strip().partition(" ")
    try:
        if command == "/new":
            talk.clear()
        elif command == "/image":
            talk.add_images([Path(rest.strip()).expanduser()])
        elif command.startswith("/"):
            err.print(HELP, soft_wrap=True)
        elif command:
            talk.ask(line.strip())
    except TailorError as error:
        show_error(error)


def _lines() -> Iterator[str]:
    """Yield what a person types, until the end of input."""
    while True:
        try:
            line = typer.prompt("you", prompt_suffix="> ", default="", show_default=False, err=True)
        except (typer.Abort, EOFError):
            err.print()
            return
        if line.strip() == "/quit":
            return
        yield line


def _message(given: str | None, *, as_json: bool) -> str | None:
    """Return the one message to ask, or None for a conversation. Raises InvalidInputError for an empty one."""
    if given is None and sys.stdin.isatty():
        if as_json:
            raise InvalidInputError("--json needs a message", hint="give --message, or write it to standard input")
        return None
    text = sys.stdin.read() if given in (None, "-") else given
    if not text or not text.strip():
        raise InvalidInputError("there is no message", hint="give it with --message, or on standard input")
    return text.strip()


@contextmanager
def _key(project: str) -> Iterator[tuple[str, str]]:
    """Yield the project's correct name and a key for its model. Raises NotFoundError if no model is live."""
    if given := os.environ.get(KEY_SETTING):
        yield project, given
        return
    from tailor.serving import keys

    project = project_or_close(project)
    if session.serving.alias(project).live is None:
        hint = f"see its runs: tailor runs {project}"
        raise NotFoundError(f"{project} has no live model", hint=hint)
    now = datetime.now(UTC)
    name = f"chat of {person().removeprefix('person:')}"[:100]
    until = now + timedelta(hours=HOURS)
    secret, key = keys.create(session.serving, name, [project], by=person(), expires_at=until, now=now)
    try:
        yield project, secret
    finally:
        session.serving.revoke_key(key.id, datetime.now(UTC))


def _data_uri(file: Path) -> str:
    """Return a picture as a data: URL. Raises InvalidInputError for a file that is none or can't be read."""
    kind = guess_type(file.name)[0] or ""
    if not kind.startswith("image/"):
        raise InvalidInputError(f"{file} is not a picture by its ending", hint="give a png, jpeg, gif or webp")
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"{file} can't be read: {(error.strerror or 'unknown').lower()}") from error
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
