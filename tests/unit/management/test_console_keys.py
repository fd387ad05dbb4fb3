"""Keys in the console: made, copied, replaced and revoked, by keyboard and on a phone."""

from typing import Any

import pytest

from tailor.aws.serving import ServingTable
from tailor.serving import keys
from tests.unit.management.test_console import address, browser, key, page, serious

__all__ = ["address", "page"]


@browser
@pytest.mark.browser
def test_a_key_is_made_copied_replaced_and_revoked(page: Any, address: str, store: ServingTable) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{address}#key={key(store)}")
    page.get_by_role("link", name="Keys").press("Enter")
    page.get_by_text("Linh (yours)").wait_for()
    page.get_by_role("button", name="New key").press("Enter")
    assert page.get_by_label("manage keys").count() == 0
    page.get_by_label("Who uses it").fill("shop <b>")
    page.get_by_text("Limits (optional)").click()
    page.get_by_label("US dollars a month").fill("12.5")
    assert serious(page) == []
    page.get_by_role("button", name="Create the key").press("Enter")
    secret = page.get_by_role("dialog").get_by_label("shop <b>").input_value()
    assert serious(page) == []
    page.get_by_role("button", name="Copy").click()
    page.get_by_text("Copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == secret
    page.get_by_role("button", name="I have it").click()
    page.get_by_text("$12.50 a month").wait_for()
    assert secret not in page.content()
    assert serious(page) == []
    page.get_by_role("button", name="Rotate: shop <b>").click()
    page.get_by_role("dialog").get_by_role("button", name="Rotate").click()
    page.get_by_text("The old key works until").wait_for()
    page.get_by_role("button", name="I have it").click()
    revoke = page.get_by_role("button", name="Revoke: shop <b>")
    page.locator(".plain > li").nth(2).wait_for()
    revoke.first.click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    revoke.first.click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    page.locator(".plain > li").nth(2).wait_for(state="detached")
    made = [each for each in store.all_keys() if each.name == "shop <b>"]
    assert [each.revoked_at is None for each in made] == [True, False]
    assert made[0].digest == keys.digest_of(secret)
    page.set_viewport_size({"width": 360, "height": 740})
    page.get_by_role("button", name="Tiếng Việt").click()
    page.get_by_text("Hiện cả khóa đã hết hạn hoặc bị thu hồi").click()
    page.get_by_text("đã thu hồi", exact=True).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert serious(page) == []
