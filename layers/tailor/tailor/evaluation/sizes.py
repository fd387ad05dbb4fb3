"""Count the questions of an evaluation besides the held-out rows, both for asking and for quotes."""

from importlib.resources import files

SEED = 42  # of every choice among rows
GENERAL_ANSWER = 200  # tokens, the longest answer to a general question
CLOZE_A_DOCUMENT = 3  # questions for the next word
CONTEXT_WORDS = 40  # of a question for the next word
ROUNDS = 3  # at most: a candidate is measured again where another version went live meanwhile
PROBES = 20  # beginnings of training documents
PREFIX_WORDS = 50  # of such a beginning
RECITED_TOKENS = 80  # of how it is continued
JUDGE_INSTRUCTION = 300  # tokens of a judge's prompt and tool, besides question and answers
JUDGE_ANSWER = 100  # tokens, its longest answer: the call of a tool


def suites(spoken: str) -> tuple[str, str]:
    """Return the files of general questions for models with answers in this language."""
    return ("vi", "en") if spoken == "vi" else ("en", "en-more")


def suite(name: str) -> bytes:
    """Return a file of general questions, as JSON Lines."""
    return files("tailor.evaluation").joinpath("questions", "suite", f"{name}.jsonl").read_bytes()
