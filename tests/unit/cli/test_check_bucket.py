"""``tailor check s3://…``: a folder or a file in a bucket, read where it lies."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import typer
from typer.testing import CliRunner

from tailor.aws import clients
from tailor_cli.check import check
from tests.unit.datasets.conftest import picture
from tests.unit.emulated import mock_aws

app = typer.Typer()
app.command()(check)
runner = CliRunner()
FOLDER = "uploads/team/colours"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A bucket with 30 questions about 10 pictures, named in every way that people name them."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    clients.client.cache_clear()
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="tailor-bucket")
        rows = ["image,question,answer"]
        for n in range(10):
            name = f"images/{n}.png" if n else "images/số 0.png"
            s3.put_object(Bucket="tailor-bucket", Key=f"{FOLDER}/{name}", Body=picture(n))
            shown = (name, f"s3://tailor-bucket/{FOLDER}/{name}", name.rpartition("/")[2])[n % 3]
            rows += [f"{shown},What about {n} and {at}?,answer {n}" for at in range(3)]
        s3.put_object(Bucket="tailor-bucket", Key=f"{FOLDER}/questions.csv", Body="\n".join(rows).encode())
        s3.put_object(Bucket="tailor-bucket", Key=f"{FOLDER}/other.jsonl", Body=b'{"nothing": "known"}\n')
        yield s3
    clients.client.cache_clear()


def test_a_file_with_the_pictures_beside_it(bucket: Any, tmp_path: Path) -> None:
    before = bucket.list_objects_v2(Bucket="tailor-bucket")["KeyCount"]
    uri = f"s3://tailor-bucket/{FOLDER}/questions.csv"
    result = runner.invoke(app, [uri, "--json", "--write", str(tmp_path)])
    report = json.loads(result.stdout)
    assert (result.exit_code, report["usable"]) == (0, True), report["headline"]
    assert (report["counts"]["used"], report["media"]["images"]) == (30, 10)
    lines = (tmp_path / "prepared/train.jsonl").read_text("utf-8").splitlines()
    uris = {json.loads(line)["messages"][0]["content"][0]["image"]["source"]["s3Location"]["uri"] for line in lines}
    assert any(uri.startswith(f"s3://tailor-bucket/{FOLDER}/images/") for uri in uris)
    assert bucket.list_objects_v2(Bucket="tailor-bucket")["KeyCount"] == before


@pytest.mark.parametrize("end", ["", "/"])
def test_a_folder_with_all_that_is_in_it(end: str, bucket: Any) -> None:
    result = runner.invoke(app, [f"s3://tailor-bucket/{FOLDER}{end}", "--json"])
    report = json.loads(result.stdout)
    assert result.exit_code == 1
    assert {found["file"] for found in report["findings"] if found["code"] == "rows-unrecognised"} == {"other.jsonl"}
    assert report["counts"]["used"] == 30


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("s3://tailor-bucket/uploads/team/colors/", "there is nothing under"),
        ("s3://another-bucket/uploads/", "does not exist"),
        ("s3://", "names no bucket"),
    ],
)
def test_a_wrong_address_is_a_wrong_command(uri: str, said: str, bucket: Any) -> None:
    result = runner.invoke(app, [uri])
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())


def test_an_object_in_another_bucket_is_named(bucket: Any) -> None:
    rows = "image,question,answer\n" + "".join(f"s3://elsewhere/a.png,What is {n}?,x\n" for n in range(10))
    bucket.put_object(Bucket="tailor-bucket", Key="uploads/team/far/q.csv", Body=rows.encode())
    report = json.loads(runner.invoke(app, ["s3://tailor-bucket/uploads/team/far/", "--json"]).stdout)
    assert {found["code"] for found in report["findings"] if found["severity"] == "error"} >= {"media-other-bucket"}
