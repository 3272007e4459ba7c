"""How random a text is, for secrets that only their key gives away."""

from collections import Counter
from itertools import pairwise
from math import log2

from agentaudit_processor.detectors.placeholder import is_no_placeholder


def shannon_bits(text: str) -> float:
    """Shannon entropy a character, 0 for an empty text; random base64 of 32 signs: about 4.5."""
    if not text:
        return 0.0
    size = len(text)
    return -sum(n / size * log2(n / size) for n in Counter(text).values())


def is_credential(value: str) -> bool:
    """Tell whether `value`, found beside a key such as `password`, is meant as a real one.

    A password may be short and poor, so entropy alone does not decide: what reads like code
    (calls, types, paths, words of prose) is none.
    """
    core = value.strip().strip("\"'`")
    if len(core) < 6 or not is_no_placeholder(core):
        return False
    if core.endswith((")", "(", "{", ";")) or "(" in core or "::" in core or "://" in core:
        return False
    if core.startswith(("/", "./", "../", "~/", "--", "http")) or core.endswith((".pem", ".key")):
        return False
    if core.replace("_", "").replace("-", "").replace(".", "").isalpha():
        return _is_odd_word(core)
    return shannon_bits(core) >= 2.4


def is_random_token(value: str) -> bool:
    """Tell whether `value` looks drawn at random: with digits, 3 bits a sign or more.

    Names made of words (`Content-Length-28147`), host names and UUIDs are not: a UUID names things
    far more often than it opens them.
    """
    core = value.strip().strip("\"'`")
    if not is_no_placeholder(core) or not any(sign.isdigit() for sign in core):
        return False
    return shannon_bits(core) >= 3.0 and not _is_made_of_words(core) and not _is_uuid(core)


def _is_made_of_words(core: str) -> bool:
    parts = [part for part in core.replace("_", "-").replace(".", "-").split("-") if part]
    words = [part for part in parts if len(part) <= 2 or part.isalpha() or part.isdigit()]
    return len(parts) >= 3 and len(words) >= len(parts) - 1


def _is_uuid(core: str) -> bool:
    return [len(part) for part in core.split("-")] == [8, 4, 4, 4, 12]


def _is_odd_word(core: str) -> bool:
    # Letters only: `username`, `MyClass.field`, `snake_case_name` are code; `qwErtzUiopAs` is not
    # told apart from them by form, unless its case jumps about.
    if not core.isalpha():
        return False
    jumps = sum(a.isupper() != b.isupper() for a, b in pairwise(core))
    return len(core) >= 8 and jumps >= 4 and shannon_bits(core) >= 3.0
