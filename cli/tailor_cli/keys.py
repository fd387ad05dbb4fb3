"""Create, list, rotate and revoke the API keys of apps."""

import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from tailor.errors import InvalidInputError
from tailor.serving import budgets, keys, usage
from tailor_cli.budget import to_cents
from tailor_cli.completing import project_names
from tailor_cli.context import AsJson, err, figure, local_time, out, person, say_json, session, shown_errors
from tailor_cli.language import said

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
_SPAN = re.compile(r"(\d{1,4})([hd])")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="name of the key, for example the app that uses it")],
    project: Annotated[
        list[str],
        typer.Option(
            "--project", "-p", help="project whose model the key may call; repeatable", autocompletion=project_names
        ),
    ],
    scope: Annotated[
        list[str],
        typer.Option(
            "--scope",
            "-s",
            help="chat: call models; read: see runs; approve: costs; operate: stop, promote…; upload; keys: make keys; "
            "repeatable",
        ),
    ] = ["chat"],  # noqa: B006  (typer copies it)
    expires: Annotated[str, typer.Option(help="12h, 90d, a date such as 2027-06-30, or never")] = "365d",
    requests_per_minute: Annotated[
        int | None, typer.Option(min=1, help="maximum requests per minute; default: no limit")
    ] = None,
    tokens_per_day: Annotated[
        int | None, typer.Option(min=1, help="maximum input and output tokens per day; default: no limit")
    ] = None,
    budget: Annotated[
        str, typer.Option(help="US dollars that its calls may cost in a calendar month (UTC); default: no limit")
    ] = "none",
    strict: Annotated[bool, typer.Option("--strict", help="refuse parameters that would be ignored")] = False,
    as_json: AsJson = False,
) -> None:
    """Create a key and print it, once, on standard output.

    It is stored nowhere.
    """
    with shown_errors():
        now = datetime.now(UTC)
        limits = keys.RateLimits(
            requests_per_minute=requests_per_minute, tokens_per_day=tokens_per_day, cents_per_month=to_cents(budget)
        )
        wrong = sorted(set(scope) - set(keys.SCOPES))
        if wrong:
            raise InvalidInputError(f"there is no scope {wrong[0]!r}", hint=f"scopes: {', '.join(keys.SCOPES)}")
        secret, key = keys.create(
            session.serving,
            name,
            project,
            scopes=[known for known in keys.SCOPES if known in scope],
            by=person(),
            expires_at=_expiry(expires, now),
            limits=limits,
            strict=strict,
            now=now,
        )
        for called in key.projects if "chat" in key.scopes else ():
            if session.serving.alias(called).live is None:
                err.print(f"[yellow]note[/]  {called} has no live model yet")
        if as_json:
            say_json({**_document(key, now), "secret": secret})
            return
        until = f"until {local_time(key.expires_at)}" if key.expires_at else "without an expiry date"
        allowed = f"{', '.join(key.projects)} ({', '.join(key.scopes)})"
        err.print(f"key [bold]{key.id}[/] for {allowed}, {until}. Keep it safe: it can't be shown again.")
        typer.echo(secret)


@app.command("list")
def list_keys(
    project: Annotated[str | None, typer.Option("--project", "-p", help="only keys that may call this project")] = None,
    as_json: AsJson = False,
) -> None:
    """List keys, never their secrets."""
    with shown_errors():
        now = datetime.now(UTC)
        found = [key for key in session.serving.all_keys() if project is None or project in key.projects]
        days = usage.last_used(session.serving, {project for key in found for project in key.projects}, now)
        used = {key: day.isoformat() for key, day in days.items()}
        if as_json:
            say_json([{**_document(key, now), "last_used": used.get(key.id)} for key in found])
            return
        table = Table(
            Column("id", no_wrap=True),
            Column("name", overflow="fold"),
            Column("projects", overflow="fold"),
            Column("scopes", overflow="fold"),
            Column("state", no_wrap=True),
            Column("until", no_wrap=True),
            Column("limits", overflow="fold"),
            Column("last used", no_wrap=True),
            Column("made by", overflow="fold"),
            box=None,
            header_style="bold",
        )
        for key in found:
            until = f"{key.expires_at:%Y-%m-%d}" if key.expires_at else "never"
            allowed = (", ".join(key.projects), ", ".join(key.scopes))
            columns = (
                key.id,
                key.name,
                *allowed,
                said(_state(key, now)),
                figure(said(until)),
                _limits(key),
                figure(used.get(key.id, "-")),
                key.created_by,
            )
            table.add_row(*map(escape, columns))
        out.print(table if found else "no keys")


@app.command()
def rotate(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="the key's id, from tailor keys list")],
    grace: Annotated[str, typer.Option(help="how long the old secret still works: 1h, 7d, 0h")] = "24h",
    expires: Annotated[str, typer.Option(help="12h, 90d, a date such as 2027-06-30, or never")] = "365d",
    as_json: AsJson = False,
) -> None:
    """Replace a key's secret: print a new one, once; the old one works until the grace period is over."""
    with shown_errors():
        now = datetime.now(UTC)
        until = _expiry(grace, now)
        if until is None or not _SPAN.fullmatch(grace):
            raise InvalidInputError(f"--grace {grace!r} is not a duration", hint="give for example 24h or 7d")
        made = keys.rotate(session.serving, key_id, until=until, by=person(), expires_at=_expiry(expires, now), now=now)
        budgets.carry_over(session.serving, made.old, made.key, now)
        ends = made.old.expires_at or until
        if as_json:
            replaces = {"id": made.old.id, "works_until": ends.isoformat()}
            say_json({**_document(made.key, now), "secret": made.secret, "replaces": replaces})
            return
        err.print(f"key [bold]{made.key.id}[/] replaces {made.old.id}, which works until {local_time(ends)}.")
        typer.echo(made.secret)


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="the key's id, from tailor keys list")],
    as_json: AsJson = False,
) -> None:
    """Revoke a key permanently.

    API Gateway may still accept it for up to a minute.
    """
    with shown_errors():
        now = datetime.now(UTC)
        key = session.serving.revoke_key(key_id, now)
        if as_json:
            say_json(_document(key, now))
            return
        out.print(f"revoked {key.id} ({escape(key.name)})")


def _document(key: keys.ApiKey, now: datetime) -> dict[str, object]:
    """Return what may be shown of a key."""
    found = {name: value for name, value in asdict(key).items() if name != "digest"}
    return {"id": key.id, **found, "state": _state(key, now)}


def _expiry(text: str, now: datetime) -> datetime | None:
    if text == "never":
        return None
    if span := _SPAN.fullmatch(text):
        count = int(span[1])
        return now + (timedelta(hours=count) if span[2] == "h" else timedelta(days=count))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"--expires {text!r} is not a duration, a date or never"
        raise InvalidInputError(message, hint="give for example 12h, 90d, 2027-06-30 or never") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _state(key: keys.ApiKey, now: datetime) -> str:
    if key.revoked_at:
        return "revoked"
    return "usable" if key.usable(now) else "expired"


def _limits(key: keys.ApiKey) -> str:
    limits = {"/min": key.limits.requests_per_minute, " tokens/day": key.limits.tokens_per_day}
    given = [f"{value}{unit}" for unit, value in limits.items() if value]
    if key.limits.cents_per_month is not None:
        given.append(f"${Decimal(key.limits.cents_per_month) / 100:.2f}/month")
    return ", ".join(given) or said("none")
