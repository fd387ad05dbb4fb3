"""What is deployed, for both of Lambda's processors: it fits, it is for that processor, and it still reads Parquet."""

import subprocess
import sys
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from tailor.errors import InvalidInputError
from tailor_cli.built import MOST_BYTES, ROOM, Build
from tailor_local.deployment import ARCHITECTURES, architecture, build
from tailor_local.errors import DeployError
from tailor_local.places import ROOT

OFFLINE = ("No matching distribution found", "Connection", "Temporary failure in name resolution")
READ = """
import sys
sys.path[:0] = sys.argv[2:]
import pyarrow, pyarrow.parquet
assert pyarrow.__file__.startswith(sys.argv[2]), pyarrow.__file__
for path in sys.argv[1].split(","):
    with open(path, "rb") as source:
        file = pyarrow.parquet.ParquetFile(source, pre_buffer=False, buffer_size=1 << 20)
        print([row for batch in file.iter_batches(use_threads=False) for row in batch.to_pylist()])
"""


@pytest.fixture(scope="module", params=sorted(set(ARCHITECTURES.values())))
def built(request: pytest.FixtureRequest) -> tuple[str, Build]:
    """For this machine as the local cloud runs it, for the other as `make deploy ARCH=…` builds it."""
    try:
        return request.param, Build(build(ROOT, request.param))
    except DeployError as error:
        if request.param != architecture() and any(sign in str(error) for sign in OFFLINE):
            pytest.skip(f"the wheels for {request.param} can't be had here: {error}")
        raise


def test_every_function_leaves_room_below_lambdas_limit(built: tuple[str, Build]) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 250 MB with all layers, unzipped."""
    sizes = built[1].sizes()
    assert sizes["PrepareFunction"] > sizes["AuthorizeFunction"] > 20 << 20, "layers are counted"
    assert max(sizes.values()) < MOST_BYTES * ROOM, sizes


def test_what_was_built_is_compared_with_what_is_deployed(built: tuple[str, Build]) -> None:
    built_for, found = built
    found.check(built_for)
    assert found.processors() == [built_for]
    (other,) = set(ARCHITECTURES.values()) - {built_for}
    with pytest.raises(InvalidInputError, match=rf"\.so.* is built for {built_for}, but .* run on {other}") as refused:
        found.check(other)
    assert f"make deploy ARCH={other}" in refused.value.hint


def test_parquet_is_read_by_what_is_left_of_pyarrow(tmp_path: Path) -> None:
    """By an interpreter that sees the layers alone, as a function does."""
    rows = [{"câu hỏi": f"màu gì? {n}", "n": n, "nested": {"a": [n, None]}, "media": b"\x00" * n} for n in range(50)]
    table = pyarrow.Table.from_pylist(rows)
    files = []
    for codec in ("none", "snappy", "gzip", "brotli", "zstd", "lz4"):
        files.append(tmp_path / f"{codec}.parquet")
        pyarrow.parquet.write_table(table, files[-1], compression=codec, row_group_size=20)
    layers = [build(ROOT, architecture()) / layer / "python" for layer in ("TablesLayer", "RuntimeLayer")]
    command = [sys.executable, "-I", "-S", "-c", READ, ",".join(map(str, files)), *map(str, layers)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [repr(rows)] * len(files)
