"""List the names that people give to the parts of a turn: who speaks, and what is said."""

from typing import Any, Final, Literal

Role = Literal["user", "assistant", "system", "call", "result"]
"""``call`` is a turn of the assistant that calls tools, ``result`` what a tool answered."""

ROLES: Final[dict[str, Role]] = {
    **dict.fromkeys(
        (
            "user", "human", "prompter", "customer", "client", "usr", "person", "questioner", "student", "patient",
            "người dùng", "khách", "khách hàng", "buyer", "caller", "visitor", "end-user",
        ),
        "user",
    ),
    **dict.fromkeys(
        (
            "assistant", "gpt", "chatgpt", "gpt-4", "gpt4", "bot", "chatbot", "model", "bing", "bard", "claude", "ai",
            "llm", "agent", "support", "assistent", "teacher", "doctor", "seller", "trợ lý", "nhân viên", "tư vấn viên",
            "cskh",
        ),
        "assistant",
    ),
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("function_call", "tool_call"), "call"),
    **dict.fromkeys(("observation", "tool", "function", "function_response", "tool_response", "ipython"), "result"),
}  # fmt: skip
ROLE_KEYS: Final = ("role", "from", "author", "speaker", "sender", "who")
TEXT_KEYS: Final = ("content", "value", "text", "parts", "message", "utterance", "body")
MEDIA_KEYS: Final = ("images", "image", "videos", "video")
"""Keys of media, in a row or in a turn of the user."""
PAIRS: Final = (
    ("human", "assistant"), ("input", "output"), ("user", "assistant"), ("question", "answer"), ("prompt", "response"),
    ("query", "response"), ("instruction", "output"), ("user", "bot"), ("q", "a"),
)  # fmt: skip
"""Keys of a question and its answer in one object."""


def said_by(turn: dict[str, Any]) -> Any:
    """Return what a turn says about its speaker; None if it says nothing."""
    said = next((turn[key] for key in ROLE_KEYS if turn.get(key) is not None), None)
    if said is None and role_of(turn.get("type")):  # as LangChain writes it
        return turn["type"]
    return said.get("role", said.get("name")) if isinstance(said, dict) else said


def role_of(said: Any) -> Role | None:
    """Return the role of a speaker; None for an unknown speaker."""
    return ROLES.get(said.strip().casefold()) if isinstance(said, str) else None


def words_of(turn: dict[str, Any]) -> tuple[str, Any]:
    """Return the key of a turn's words, and the words."""
    key = next((key for key in TEXT_KEYS if key in turn), "content")
    if key not in turn and isinstance(turn.get("data"), dict):
        return "data", turn["data"].get("content")
    return key, turn.get(key)


def pair_of(turn: dict[str, Any]) -> tuple[str, str] | None:
    """Return the keys of a question and its answer, if one object has both."""
    if any(key in turn for key in ("role", "from")):
        return None
    return next((pair for pair in PAIRS if pair[0] in turn and pair[1] in turn), None)
