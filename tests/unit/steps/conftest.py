import pytest

from tests.unit.steps.setting import Setting


@pytest.fixture
def setting() -> Setting:
    return Setting()
