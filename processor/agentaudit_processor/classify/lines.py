"""Command lines of a rule, given one by one, as one pattern.

    command:
      - git reset --hard
      - git push ... --force
      - aws \\S+ delete-\\S+

Each begins where the program's name does, ends where a word does, and is RE2; ` ... ` stands for
any words between, none included.
"""

from collections.abc import Sequence

_ANY_WORDS = " (?:.* )?"


def as_pattern(lines: Sequence[str]) -> str:
    """RE2 that matches a command which begins as one of `lines` does."""
    spelled = "|".join(line.replace(" ... ", _ANY_WORDS) for line in lines)
    return f"^(?:{spelled})(?: |$)"
