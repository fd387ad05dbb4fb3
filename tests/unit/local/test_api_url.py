from tailor_local.cloud import LocalCloud


def test_the_api_is_called_on_this_machine() -> None:
    cloud = LocalCloud(4599)
    url = "https://a1b2c3d4.execute-api.us-east-1.amazonaws.com/local/v1"
    cloud.outputs = {"ApiUrl": url, "ApiId": "a1b2c3d4"}
    assert cloud.api_url == "http://127.0.0.1:4599/restapis/a1b2c3d4/local/_user_request_/v1"
