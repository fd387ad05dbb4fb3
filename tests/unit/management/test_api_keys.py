"""Keys over the API: none grants what it does not have, and nobody reaches another project's."""

from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest

from tailor.aws.serving import ServingTable
from tailor.errors import InvalidInputError
from tailor.serving import keys
from tailor.serving.budgets import BudgetOwner, month_of
from tailor.serving.usage import Usage
from tests.unit.management.test_runs import Person, code

NOW = datetime.now(UTC)


@pytest.fixture
def manager(function: ModuleType, store: ServingTable) -> Person:
    """A person whose key is for colours and sounds, and may call, look and manage keys."""
    return Person(function, store, "chat", "read", "keys")


def other(store: ServingTable, *projects: str, **more: Any) -> keys.ApiKey:
    return keys.create(store, "theirs", list(projects), **more)[1]


def test_a_key_is_made_once_shown_once_listed_without_its_secret_and_works(
    manager: Person, store: ServingTable
) -> None:
    began = datetime.now(UTC)
    status, made = manager.post(
        "keys", name="shop\u202e\n", projects=["colours"], days=30, budget_usd="12.5", strict=True
    )
    assert status == 200
    stored = store.key(keys.digest_of(made["secret"]))
    assert stored is not None
    assert (stored.projects, stored.scopes, stored.strict) == (("colours",), ("chat",), True)
    assert stored.limits.cents_per_month == 1250
    assert stored.created_by.startswith("key:Linh (")
    assert (stored.name, made["name"]) == ("shop\ufffd ", "shop\ufffd ")
    assert stored.expires_at is not None
    assert began <= stored.expires_at - timedelta(days=30) <= datetime.now(UTC)
    store.add_usage(Usage("colours", NOW.date(), stored.id, "run", hour=1, requests=1))
    [first, own] = manager.get("keys")[1]["data"]
    assert "secret" not in first
    assert (first["id"], first["last_used"], first["limits"]["budget_usd"]) == (made["id"], f"{NOW.date()}", "12.50")
    assert (own["own"], own["actions"]) == (True, ["revoke"])
    page = manager.get("keys", limit="1")[1]
    assert (page["has_more"], manager.get("keys", after=page["last_id"])[1]["data"]) == (True, [own])
    assert manager.get("keys", project="sounds")[1]["data"] == [own]
    assert code(manager.get("keys", after="nothing")) == (400, "invalid_value")


@pytest.mark.parametrize(
    ("asked", "status", "param"),
    [
        ({"projects": ["secret"]}, 404, "projects"),
        ({"projects": ["colours", "secret"]}, 404, "projects"),
        ({"scopes": ["operate"]}, 403, "scopes"),
        ({"scopes": ["chat", "keys"]}, 403, "scopes"),
        ({"requests_per_minute": 601}, 403, "requests_per_minute"),
        ({"name": ""}, 400, "name"),
        ({"days": 366}, 400, "days"),
        ({"scopes": ["root"]}, 400, "scopes[0]"),
        ({"grants_until": "2100-01-01"}, 400, "grants_until"),
    ],
)
def test_a_key_grants_nothing_that_it_has_not(
    asked: dict[str, Any], status: int, param: str, store: ServingTable, function: ModuleType, manager: Person
) -> None:
    function.key_management._default_per_minute = 600
    before = store.all_keys()
    refused = manager.post("keys", **{"name": "shop", "projects": ["colours"], **asked})
    assert (refused[0], refused[1]["error"]["param"]) == (status, param)
    assert store.all_keys() == before


def test_no_key_outlives_what_its_maker_may_grant(function: ModuleType, store: ServingTable) -> None:
    for grants, allowed in ((None, timedelta(hours=12)), (NOW + timedelta(days=20), timedelta(days=20))):
        _, key = keys.create(
            store, "link", ["colours"], scopes=keys.SCOPES, expires_at=NOW + timedelta(hours=12), grants_until=grants
        )
        person = Person(function, store, "chat")
        person.use(key)
        created = person.post("keys", name="shop", projects=["colours"])
        rotated = person.post(f"keys/{other(store, 'colours').id}/rotate")
        for made in (created, rotated):
            assert (store.key(keys.digest_of(made[1]["secret"])) or key).expires_at == NOW + allowed
        assert keys.rotate(store, key.id, until=NOW, by="", expires_at=None, now=NOW).key.grants_until == grants


def test_a_key_is_rotated_with_its_budget_spent_and_revoked_for_good(manager: Person, store: ServingTable) -> None:
    key = other(store, "colours", limits=keys.RateLimits(cents_per_month=500))
    month = month_of(NOW)
    store.add_spent(BudgetOwner("key", key.id), month, 3)  # type: ignore[arg-type]
    status, made = manager.post(f"keys/{key.id}/rotate", grace_hours=1)
    assert (status, made["replaces"], made["name"]) == (200, key.id, "theirs")
    assert store.spent(BudgetOwner("key", made["id"]), month) == 3
    old = store.key(key.digest)
    assert old is not None
    assert old.expires_at == datetime.fromisoformat(made["replaced_until"])
    assert manager.post(f"keys/{made['id']}/revoke")[1]["state"] == "revoked"
    once = manager.get("keys", state="revoked")
    assert manager.post(f"keys/{made['id']}/revoke")[0] == 200
    assert manager.get("keys", state="revoked") == once
    assert code(manager.post(f"keys/{made['id']}/rotate")) == (409, "key_not_usable")


def test_keys_of_other_projects_are_not_there_and_shared_or_stronger_ones_are_safe(
    manager: Person, store: ServingTable
) -> None:
    theirs, shared = other(store, "secret"), other(store, "secret", "colours")
    stronger, equal = other(store, "colours", scopes=["chat", "operate"]), other(store, "colours", scopes=["keys"])
    listed = {key["id"]: key for key in manager.get("keys")[1]["data"]}
    assert theirs.id not in listed
    assert (listed[shared.id]["projects"], listed[shared.id]["shared"], listed[shared.id]["actions"]) == (
        ["colours"],
        True,
        [],
    )
    for action in ("rotate", "revoke"):
        assert manager.post(f"keys/{theirs.id}/{action}") == manager.post(f"keys/{'0' * 16}/{action}")
        assert code(manager.post(f"keys/{theirs.id}/{action}")) == (404, "key_not_found")
        assert code(manager.post(f"keys/{shared.id}/{action}")) == (403, "access_denied")
    for key in (stronger, equal):
        assert listed[key.id]["actions"] == ["revoke"]
        assert code(manager.post(f"keys/{key.id}/rotate")) == (403, "access_denied")
    assert {key.id for key in store.all_keys() if not key.usable(datetime.now(UTC))} == set()
    assert manager.post(f"keys/{stronger.id}/revoke")[0] == 200


def test_a_key_that_asks_faster_than_any_made_here_is_not_rotated(
    function: ModuleType, manager: Person, store: ServingTable
) -> None:
    function.key_management._default_per_minute = 600
    fast = other(store, "colours", limits=keys.RateLimits(requests_per_minute=601))
    assert code(manager.post(f"keys/{fast.id}/rotate")) == (403, "access_denied")
    [listed] = [key for key in manager.get("keys")[1]["data"] if key["id"] == fast.id]
    assert listed["actions"] == ["revoke"]


def test_a_project_has_only_so_many_keys_that_work(
    manager: Person, store: ServingTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tailor.management.api_keys.MOST_KEYS", 3)
    [first, second, *_] = [manager.post("keys", name="shop", projects=["colours"]) for _ in range(3)]
    assert (first[0], code(manager.post("keys", name="shop", projects=["colours"]))) == (200, (409, "too_many_keys"))
    assert code(manager.post(f"keys/{second[1]['id']}/rotate")) == (409, "too_many_keys")
    manager.post(f"keys/{first[1]['id']}/revoke")
    assert manager.post("keys", name="shop", projects=["colours"])[0] == 200


def test_a_key_that_manages_keys_has_no_limits_that_others_would_evade(store: ServingTable) -> None:
    with pytest.raises(InvalidInputError, match="has no limits"):
        other(store, "colours", scopes=["keys"], limits=keys.RateLimits(tokens_per_day=5))


def test_a_revoked_manager_makes_nothing(function: ModuleType, store: ServingTable, manager: Person) -> None:
    [key] = store.all_keys()
    store.revoke_key(key.id, NOW)
    assert code(manager.post("keys", name="shop", projects=["colours"])) == (401, "invalid_api_key")
