"""Keys: made, found, refused, revoked; and what the table keeps of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from tailor.aws import clients
from tailor.aws.serving import ServingTable
from tailor.errors import InvalidInputError, NotAllowedError, NotFoundError
from tailor.serving import keys
from tailor.serving.aliases import Version
from tailor.serving.budgets import BudgetOwner, month_of
from tailor.serving.keys import Caller, RateLimits
from tailor_cli.context import session
from tailor_cli.main import app

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def test_a_key_opens_what_it_was_made_for_and_is_kept_as_a_digest(store: ServingTable) -> None:
    secret, key = keys.create(store, "app", ["colours", "sounds"], by="person:kim", now=NOW)
    assert keys.KEY.fullmatch(secret)
    assert len(secret.rsplit("-", 1)[1]) * 5 >= 160
    found = keys.authenticate(store.key, {"authorization": f"Bearer {secret}"}, NOW)
    assert found == key
    assert found.projects == ("colours", "sounds")
    assert secret.rsplit("-", 1)[1] not in str(clients.client("dynamodb").scan(TableName="serving"))


def test_two_keys_are_never_the_same(store: ServingTable) -> None:
    assert len({keys.create(store, "app", ["colours"])[0] for _ in range(20)}) == 20
    assert len(store.all_keys()) == 20


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic {}", "{}", "Bearer {}x", "Bearer x{}", "Bearer {} {}"]
)
def test_anything_but_the_key_itself_is_refused(store: ServingTable, header: str) -> None:
    secret, _ = keys.create(store, "app", ["colours"])
    with pytest.raises(NotAllowedError):
        keys.authenticate(store.key, {"Authorization": header.format(secret, secret)})
    assert keys.authenticate(store.key, {"authorization": f"  bearer   {secret} "}).name == "app"


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "BEARER {}"},
        {"X-Api-Key": "{}"},
        {"api-key": " {} "},
        {"Authorization": "Bearer not-needed", "API-KEY": "{}"},
        {"Authorization": "Basic dXNlcjpwYXNz", "x-api-key": "{}"},
    ],
)
def test_clients_send_the_key_in_one_of_three_headers(store: ServingTable, headers: dict[str, str]) -> None:
    secret, key = keys.create(store, "app", ["colours"])
    assert keys.authenticate(store.key, {name: value.format(secret) for name, value in headers.items()}) == key


def test_a_key_is_remembered_for_a_minute_and_an_unknown_one_is_not(
    store: ServingTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = 5.0
    monkeypatch.setattr("tailor.serving.keys.time.monotonic", lambda: clock)
    recent = keys.RecentKeys(store)
    secret, key = keys.create(store, "app", ["colours"])
    digest = keys.digest_of(secret)
    assert recent.key("0" * 64) is None
    assert recent.key(digest) == key
    store.revoke_key(key.id, NOW)
    clock += keys.REMEMBERED_SECONDS - 1
    assert recent.key(digest) == key
    clock += 2
    found = recent.key(digest)
    assert found is not None and found.revoked_at == NOW


def test_a_key_ends_at_its_moment_and_when_revoked(store: ServingTable) -> None:
    secret, key = keys.create(store, "app", ["colours"], expires_at=NOW + timedelta(days=1), now=NOW)
    header = {"authorization": f"Bearer {secret}"}
    assert keys.authenticate(store.key, header, NOW + timedelta(hours=23, minutes=59)) == key
    with pytest.raises(NotAllowedError):
        keys.authenticate(store.key, header, NOW + timedelta(days=1))
    first = store.revoke_key(key.id, NOW)
    assert store.revoke_key(key.id, NOW + timedelta(hours=1)).revoked_at == first.revoked_at == NOW
    with pytest.raises(NotAllowedError):
        keys.authenticate(store.key, header, NOW)
    for unknown in ("0" * 16, "", key.id[:4]):
        with pytest.raises(NotFoundError):
            store.revoke_key(unknown, NOW)


def test_keys_that_make_no_sense_are_not_made(store: ServingTable) -> None:
    for name, projects, expires_at in (
        ("", ["colours"], None),
        ("a\nb", ["colours"], None),
        ("a", [], None),
        ("a", ["Colours"], None),
        ("a", ["a,b"], None),
        ("a", [f"p{number}" for number in range(21)], None),
        ("a", ["colours"], NOW),
    ):
        with pytest.raises(InvalidInputError):
            keys.create(store, name, projects, expires_at=expires_at, now=NOW)
    assert store.all_keys() == []


def test_what_the_authorizer_hands_on_comes_back_whole() -> None:
    caller = Caller(key="k", projects=("a", "b"), limits=RateLimits(requests_per_minute=3), expires_at=NOW)
    caller = replace(caller, strict=True)
    context = caller.to_context()
    assert all(isinstance(value, str) for value in context.values())
    assert Caller.from_context({**context, "principalId": "k", "integrationLatency": "1"}) == caller
    assert Caller.from_context(Caller(key="k", projects=("a",)).to_context()) == Caller(key="k", projects=("a",))


@pytest.fixture
def run(store: ServingTable, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setitem(session.__dict__, "serving", store)
    return CliRunner(mix_stderr=False)


def test_the_command_makes_lists_and_revokes(run: CliRunner, store: ServingTable, live: Version) -> None:
    made = run.invoke(app, ["keys", "create", "my app", "-p", "colours", "-p", "new", "--expires", "90d"])
    assert made.exit_code == 0, made.output
    secret = made.stdout.strip()
    key = keys.authenticate(store.key, {"authorization": f"Bearer {secret}"})
    assert "new has no live model yet" in made.stderr
    assert key.expires_at is not None
    assert timedelta(days=89) < key.expires_at - datetime.now(UTC) <= timedelta(days=90)

    listed = run.invoke(app, ["keys", "list"])
    assert key.id in listed.stdout
    assert "usable" in listed.stdout
    assert secret not in listed.output
    assert run.invoke(app, ["keys", "list", "-p", "other"]).stdout == "no keys\n"

    assert run.invoke(app, ["keys", "revoke", key.id]).exit_code == 0
    assert "revoked" in run.invoke(app, ["keys", "list"]).stdout
    with pytest.raises(NotAllowedError):
        keys.authenticate(store.key, {"authorization": f"Bearer {secret}"})


def test_the_command_explains_what_it_cant_do(run: CliRunner, store: ServingTable) -> None:
    for arguments in (
        ["create", "x", "-p", "colours", "--expires", "soon"],
        ["create", "x", "-p", "colours", "--expires", "2020-01-01"],
        ["create", "x", "-p", "Farben!"],
        ["revoke", "nonsense"],
    ):
        result = run.invoke(app, ["keys", *arguments])
        assert result.exit_code == 1
        assert result.stderr.startswith("error ")
    assert store.all_keys() == []
    assert run.invoke(app, ["keys", "create", "x", "-p", "colours", "--expires", "2099-06-30"]).exit_code == 0
    assert store.all_keys()[0].expires_at == datetime(2099, 6, 30, tzinfo=UTC)


def test_a_rotated_key_works_until_its_grace_is_over(run: CliRunner, store: ServingTable) -> None:
    limits = RateLimits(requests_per_minute=5, cents_per_month=1250)
    secret, key = keys.create(store, "app", ["colours"], scopes=["chat", "approve"], limits=limits)
    month = month_of(datetime.now(UTC))
    store.add_spent(BudgetOwner("key", key.id), month, Decimal("1.5"))
    assert run.invoke(app, ["keys", "rotate", key.id, "--grace", "never"]).exit_code == 1
    done = run.invoke(app, ["keys", "rotate", key.id, "--grace", "1h", "--expires", "never"])
    assert done.exit_code == 0, done.output
    old = store.key(key.digest)
    new = store.key(keys.digest_of(done.stdout.strip()))
    assert old is not None
    assert new is not None
    assert (new.name, new.projects, new.scopes, new.limits) == (key.name, key.projects, key.scopes, limits)
    assert new.expires_at is None
    assert old.expires_at is not None
    assert timedelta(minutes=59) < old.expires_at - datetime.now(UTC) <= timedelta(hours=1)
    assert store.spent(BudgetOwner("key", new.id), month) == Decimal("1.5")
    assert store.expire_key(key.id, old.expires_at + timedelta(days=1)) == old, "a key never lives longer by it"
    store.revoke_key(key.id, datetime.now(UTC))
    for wrong in (key.id, "0" * 16):
        refused = run.invoke(app, ["keys", "rotate", wrong])
        assert (refused.exit_code, refused.stdout) == (1, "")
    listed = run.invoke(app, ["keys", "list"]).stdout
    assert "$12.50/month" in " ".join(listed.split())
    assert secret not in listed
