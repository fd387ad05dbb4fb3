"""Quotas of the local cloud's account, and the rates that follow from them."""

import pytest

from tailor_local import quotas
from tailor_local.bedrock.errors import ServiceError
from tailor_local.bedrock.faults import read
from tailor_local.bedrock.rates import Rates
from tailor_local.errors import LocalCloudError


@pytest.fixture(autouse=True)
def a_minute_lasts_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAILOR_PACE", "1")


def test_a_rate_is_that_of_the_last_minute() -> None:
    now = 100.0
    rates = Rates(lambda: now)
    for moment in (100.0, 100.5):
        now = moment
        rates.count("custom nova", 2)
    with pytest.raises(ServiceError, match="Too many requests, please wait before trying again") as caught:
        rates.count("custom nova", 2)
    assert caught.value.code == "ThrottlingException"
    rates.count("nova", 2)  # what the custom models took is not its
    now = 101.1  # the first is more than a minute ago, and the refused one was not counted
    rates.count("custom nova", 2)
    with pytest.raises(ServiceError):
        rates.count("custom nova", 2)


def test_the_setting_changes_quotas_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(quotas.SETTING, raising=False)
    assert quotas.of_the_account() == {}
    monkeypatch.setenv(quotas.SETTING, '{"concurrency": 1000}')
    assert quotas.of_the_account() == {"concurrency": 1000}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("many", "TAILOR_QUOTAS is no JSON object"),
        ("[1]", "are no quotas"),
        ('{"jobs": -1}', "are no quotas"),
        ('{"job": 1}', "no quotas job; there are jobs, models"),
    ],
)
def test_a_wrong_setting_is_told(monkeypatch: pytest.MonkeyPatch, text: str, said: str) -> None:
    monkeypatch.setenv(quotas.SETTING, text)
    with pytest.raises(LocalCloudError, match=said):
        quotas.of_the_account()


def test_faults_name_quotas_that_there_are() -> None:
    assert read('{"quotas": {"jobs": 2}}').quotas == {"jobs": 2}
    with pytest.raises(LocalCloudError, match="no quotas job;"):
        read('{"quotas": {"job": 2}}')


def test_what_is_raised_is_a_quota_and_more_than_a_new_account_has() -> None:
    assert all(number > quotas.QUOTAS[name].new for name, number in quotas.RAISED.items())
