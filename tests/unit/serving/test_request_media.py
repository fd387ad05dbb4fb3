"""Images and videos that a request names in its project's uploads: taken from there, and nothing else is read."""

from typing import Any

import pytest
from botocore.validate import ParamValidator
from openai import BadRequestError, OpenAI

from tailor.aws import clients
from tailor.aws.s3 import S3Storage
from tailor.serving import images
from tailor.serving.aliases import MediaRules, Version
from tailor.serving.chat import to_converse
from tailor.serving.errors import ApiError
from tailor.serving.images import RequestMedia
from tailor.serving.schema import ChatRequest
from tests.unit.serving.conftest import BUCKET, DEPLOYMENT
from tests.unit.serving.gateway import CONVERSE, ScriptedRuntime

GIF = b"GIF89a" + bytes(90)
MP4 = b"\0\0\0\x18ftypmp42" + bytes(80)
ROOT = f"s3://{BUCKET}/uploads/colours"
VERSION = Version(run="r", deployment=DEPLOYMENT, model="nova-lite", media=MediaRules(videos=1, image_bytes=100))


@pytest.fixture
def uploads() -> S3Storage:
    clients.s3().create_bucket(Bucket=BUCKET)
    storage = S3Storage(BUCKET)
    for key in ("colours/scenes/ảnh 1.gif", "secret/scenes/a.gif", "colours-b/scenes/a.gif", "a.gif"):
        storage.write(f"uploads/{key}", GIF)
    for key in ("runs/colours/a.gif", "uploads/colours/../secret/a.gif", "uploads/colours//a.gif"):
        storage.write(key, GIF)
    storage.write("uploads/colours/scenes/a.mp4", MP4)
    storage.write("uploads/colours/scenes/large.gif", GIF + bytes(100))
    storage.write("uploads/colours/scenes/a.svg", b"<svg/>")
    return storage


def asked(*parts: tuple[str, str]) -> ChatRequest:
    content: list[Any] = [{"type": kind, kind: {"url": url}} for kind, url in parts]
    return ChatRequest.read({"model": "colours", "messages": [{"role": "user", "content": content}]})


def test_both_apis_show_the_model_an_upload(
    client: OpenAI, runtime: ScriptedRuntime, live: Version, uploads: S3Storage
) -> None:
    url = f"{ROOT}/scenes/ảnh 1.gif"
    shown: Any = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]
    client.chat.completions.create(model="colours", messages=shown)
    given: Any = [{"role": "user", "content": [{"type": "input_image", "image_url": url, "detail": "auto"}]}]
    client.responses.create(model="colours", input=given)
    for request in runtime.requests:
        assert request["messages"][0]["content"] == [{"image": {"format": "gif", "source": {"bytes": GIF}}}]
    with pytest.raises(BadRequestError) as caught:
        given[0]["content"][0]["image_url"] = f"s3://{BUCKET}/uploads/secret/scenes/a.gif"
        client.responses.create(model="colours", input=given)
    assert caught.value.code == "invalid_image_url"


def test_media_that_a_request_cant_carry_stay_where_they_are(
    uploads: S3Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "MOST_BYTES", len(GIF) + 10)
    video = f"{ROOT}/scenes/a.mp4"
    request = asked(("image_url", f"{ROOT}/scenes/ảnh 1.gif"), ("video_url", video))
    converse = to_converse(request, "colours", VERSION, lambda: uploads)
    assert converse["messages"][0]["content"] == [
        {"image": {"format": "gif", "source": {"bytes": GIF}}},
        {"video": {"format": "mp4", "source": {"s3Location": {"uri": video}}}},
    ]
    assert not ParamValidator().validate(converse, CONVERSE).has_errors()


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (f"s3://{BUCKET}/uploads/secret/scenes/a.gif", "invalid_image_url"),
        (f"s3://{BUCKET}/uploads/colours-b/scenes/a.gif", "invalid_image_url"),
        (f"s3://{BUCKET}/uploads/a.gif", "invalid_image_url"),
        (f"s3://{BUCKET}/runs/colours/a.gif", "invalid_image_url"),
        (f"s3://{BUCKET}-b/uploads/colours/scenes/a.gif", "invalid_image_url"),
        ("s3://other/uploads/colours/scenes/a.gif", "invalid_image_url"),
        (f"S3://{BUCKET}/uploads/colours/scenes/a.gif", "invalid_image_url"),
        (f"{ROOT}/../secret/a.gif", "invalid_image_url"),
        (f"{ROOT}//a.gif", "invalid_image_url"),
        (f"{ROOT}/scenes/", "invalid_image_url"),
        (f"{ROOT}/a\n.gif", "invalid_image_url"),
        (f"{ROOT}/{'a' * 1025}", "invalid_image_url"),
        (f"{ROOT}/%2e%2e/secret/a.gif", "invalid_image_url"),
        (f"{ROOT}/scenes/missing.gif", "invalid_image_url"),
        (f"{ROOT}/scenes/large.gif", "image_too_large"),
        (f"{ROOT}/scenes/a.svg", "invalid_image_format"),
        (f"{ROOT}/scenes/a.mp4", "invalid_image_format"),
    ],
)
def test_nothing_else_is_read(uploads: S3Storage, url: str, code: str) -> None:
    with pytest.raises(ApiError) as caught:
        to_converse(asked(("image_url", url)), "colours", VERSION, lambda: uploads)
    assert (caught.value.http_status, caught.value.code) == (400, code)
    assert caught.value.param == "messages[0].content[0].image_url.url"
    assert BUCKET not in caught.value.message


def test_a_video_of_the_uploads_has_a_largest_size(uploads: S3Storage) -> None:
    small = RequestMedia("colours", MediaRules(videos=1, video_bytes=50), lambda: uploads)
    with pytest.raises(ApiError) as caught:
        small.video(f"{ROOT}/scenes/a.mp4", "p")
    assert caught.value.code == "video_too_large"
    with pytest.raises(ApiError) as caught:
        small.video(f"{ROOT}/scenes/ảnh 1.gif", "p")
    assert caught.value.code == "video_too_large"
    fitting = RequestMedia("colours", MediaRules(videos=1), lambda: uploads)
    with pytest.raises(ApiError) as caught:
        fitting.video(f"{ROOT}/scenes/ảnh 1.gif", "p")
    assert caught.value.code == "invalid_video_format"


def test_a_version_that_was_promoted_before_takes_uploads_too() -> None:
    old = {"images": 20, "image_bytes": 100, "image_formats": ["png"], "videos": 0, "video_formats": ["mp4"]}
    assert MediaRules.model_validate(old).video_bytes == 52_428_800
