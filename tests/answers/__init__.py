"""Wrong answers of the kind that students write, one module for each homework.

The right ones are in notebooks/solutions.
"""

from typing import Any

# (check, the wrong answer, words that the message must contain)
WRONG: list[tuple[str, Any, tuple[str, ...]]] = []


def wrong(check: str, *words: str):
    """Mark a function or class as a wrong answer to `check`, whose message must say `words`."""

    def note(answer: Any) -> Any:
        WRONG.append((check, answer, words))
        return answer

    return note
