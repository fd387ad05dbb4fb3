"""One local cloud for a test session.

    def test_something(local_cloud):
        s3 = local_cloud.client("s3")          # as the account's owner
        bucket = local_cloud.outputs["Bucket"]  # deploys Tailor, the first time that anyone asks

The cloud listens on a free port and keeps its files in a temporary folder. Tests share it: name what you make so that
no other test has it, and use the fixture `faults` to break things, which mends them afterwards. All tests of this
folder run in one worker of pytest-xdist, so that they share one cloud there too.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tailor_local.bedrock.faults import Faults
from tailor_local.cloud import LocalCloud

HERE = Path(__file__).parent
PACE = 1.0  # seconds that stand for a minute


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("local-cloud"))


@pytest.fixture(scope="session")
def local_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    cloud = LocalCloud(port=0, directory=tmp_path_factory.mktemp("cloud"), pace=PACE)
    cloud.start()
    yield cloud
    cloud.stop()


@pytest.fixture
def faults(local_cloud: LocalCloud) -> Iterator[Callable[[Faults], None]]:
    """Sets faults for one test: ``faults(Faults(events=EventFaults(lose=1)))``."""
    yield local_cloud.set_faults
    local_cloud.set_faults(Faults())
