"""Live versions: promotion, rollback, and two people at once."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tailor.aws.serving import ServingTable
from tailor.errors import ConflictError, InvalidInputError, NotFoundError
from tailor.recipe import Method
from tailor.serving import aliases
from tailor.serving.aliases import Alias, MediaRules, Version
from tailor.serving.media import rules_for

Build = Callable[..., Version]


def runs(alias: Alias) -> tuple[str | None, list[str]]:
    return alias.live.run if alias.live else None, [version.run for version in alias.previous]


def test_promotion_keeps_what_it_replaces_newest_first(store: ServingTable, version: Build) -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert runs(store.alias("colours")) == (None, [])
    aliases.promote(
        store, "colours", version("1", system="ngắn", media=MediaRules(images=3)), None, "provision", now=now
    )
    aliases.promote(store, "colours", version("2"), "1", "provision")
    alias = aliases.promote(store, "colours", version("3"), "2", "person:kim")
    assert runs(alias) == ("3", ["2", "1"])
    assert store.alias("colours") == alias
    first = alias.find("1")
    assert first is not None
    assert (first.system, first.media.images, first.promoted_at, first.promoted_by) == ("ngắn", 3, now, "provision")


def test_promoting_twice_is_promoting_once(store: ServingTable, version: Build) -> None:
    first = aliases.promote(store, "colours", version("1"), None, "provision")
    assert aliases.promote(store, "colours", version("1"), None, "provision") == first


def test_a_promotion_that_saw_another_version_live_is_refused(store: ServingTable, version: Build) -> None:
    aliases.promote(store, "colours", version("1"), None, "provision")
    for seen in (None, "0"):
        with pytest.raises(ConflictError):
            aliases.promote(store, "colours", version("2"), seen, "provision")
    assert runs(store.alias("colours")) == ("1", [])


def test_of_two_writes_from_the_same_reading_one_wins(store: ServingTable, version: Build) -> None:
    for moves in (1, 2):
        reading = store.alias("colours")
        store.save_alias(reading.model_copy(update={"live": version(f"a{moves}")}))
        with pytest.raises(ConflictError):
            store.save_alias(reading.model_copy(update={"live": version(f"b{moves}")}))
        assert runs(store.alias("colours"))[0] == f"a{moves}"


def test_rollback_goes_to_the_version_before_or_to_one_by_name(store: ServingTable, version: Build) -> None:
    for number in range(1, 4):
        aliases.promote(store, "colours", version(str(number)), str(number - 1) if number > 1 else None, "provision")
    assert runs(aliases.rollback(store, "colours", "person:kim")) == ("2", ["3", "1"])
    assert runs(aliases.rollback(store, "colours", "person:kim", to="1")) == ("1", ["2", "3"])
    assert runs(aliases.rollback(store, "colours", "person:kim", to="1")) == ("1", ["2", "3"])
    with pytest.raises(NotFoundError) as caught:
        aliases.rollback(store, "colours", "person:kim", to="9")
    assert "2, 3" in caught.value.hint
    with pytest.raises(NotFoundError):
        aliases.rollback(store, "empty", "person:kim")


def test_a_version_is_forgotten_before_its_deployment_goes(store: ServingTable, version: Build) -> None:
    aliases.promote(store, "colours", version("1"), None, "provision")
    aliases.promote(store, "colours", version("2"), "1", "provision")
    assert runs(aliases.forget(store, "colours", "1")) == ("2", [])
    assert runs(aliases.forget(store, "colours", "1")) == ("2", [])
    with pytest.raises(ConflictError):
        aliases.forget(store, "colours", "2")


def test_what_a_version_takes_follows_from_its_model_and_method() -> None:
    text_only: list[tuple[str, Method]] = [("nova-micro", "fine-tuning"), ("nova-lite", "distillation")]
    unknown: list[tuple[str, Method]] = [("nothing", "fine-tuning"), ("nova-lite", "reinforcement")]
    assert rules_for("nova-lite", "fine-tuning") == MediaRules()
    assert rules_for("nova-2-lite", "fine-tuning").image_formats == ("png", "jpeg", "gif")
    for model, method in text_only:
        assert rules_for(model, method).images == 0
    for model, method in unknown:
        with pytest.raises((NotFoundError, InvalidInputError)):
            rules_for(model, method)
