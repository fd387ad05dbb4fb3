import pytest

from tailor.training.translate import Translation, explain, is_worth_one_retry, translate, translations


@pytest.mark.parametrize("known", translations(), ids=lambda known: known.code)
def test_every_entry_finds_its_own_example_first(known: Translation) -> None:
    assert translate(known.example) is known
    said = explain(known.example)
    assert known.cause in said
    assert known.remedy in said
    assert known.example in said
    assert known.source.startswith("https://docs.aws.amazon.com/")


def test_codes_are_unique() -> None:
    codes = [known.code for known in translations()]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("Encountered an unexpected error when processing the request, please try again", "internal"),
        ("Maximum output token count 5000 exceeds limit of 4096", "record-too-long"),
        ("Max sum of input and output token length 4097 exceeds total limit of 4096", "record-too-long"),
        ("Input size exceeded in file train.jsonl for record starting with...", "record-too-long"),
        ("creating the customization job a-b: The provided model identifier is invalid.", "not-customizable"),
    ],
)
def test_documented_messages_are_known(message: str, code: str) -> None:
    known = translate(message)
    assert known is not None
    assert known.code == code


def test_only_bedrocks_own_errors_are_worth_a_retry() -> None:
    assert is_worth_one_retry("Encountered an internal error when processing the request.")
    assert not is_worth_one_retry(
        "Unable to parse Amazon S3 file: train.jsonl. Data files must conform to JSONL format."
    )
    assert not is_worth_one_retry("something new")
    assert {known.code for known in translations() if known.retry} == {"internal", "busy", "no-instances"}


def test_an_unknown_message_is_passed_on_as_it_is() -> None:
    assert "the moon is in the wrong phase" in explain("the moon is in the wrong phase")


@pytest.mark.parametrize("message", ["", "  "])
def test_silence_is_said_too(message: str) -> None:
    assert "no reason" in explain(message)
