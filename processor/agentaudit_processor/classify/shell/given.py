"""What stands in a command's words by `$(…)` and `<(…)`: a program that it runs, a fact it sends.

`bash -c "$(curl …)"` runs what curl prints, `python3 read.py "$(curl …)"` only reads it, and
`curl https://host/$(whoami)` tells the host who asks.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from agentaudit_processor.classify.effects import reach_of
from agentaudit_processor.classify.shell.expansion import SUBSTITUTED
from agentaudit_processor.classify.shell.inline import language_of
from agentaudit_processor.classify.shell.items import SHELLS
from agentaudit_processor.classify.shell.prefixes import is_assignment
from agentaudit_processor.classify.shell.state import Output
from agentaudit_processor.classify.tables import table
from agentaudit_processor.classify.visits import host_of, visited

INTERPRETERS = SHELLS | table(
    """
    eval source . python python2 python3 perl ruby node php lua deno bun osascript tclsh crontab at
    batch make
    """
)
_COMPILERS = table(
    "go deno bun java javac kotlinc cargo rustc zig crystal dart nim v dotnet scala-cli tcc"
)
"""Programs that run, or build, a file of source."""
_TAKE_ALL = frozenset(("eval", "crontab", "at", "batch"))
_NAME_FILES = frozenset(("-o", "--output", "-O", "--output-document", "--output-dir", "-P"))


class Given(NamedTuple):
    """What stands in the words of one command without being written there."""

    lines: Sequence[str]
    """Commands whose output stands in the words."""
    scripts: Sequence[Output]
    """What is given as files, where it is known: `<(echo …)`."""
    named: Sequence[str] = ()
    """Those of `lines` whose output is the command itself: `$x`, `$(curl …)`."""

    @property
    def holds(self) -> bool:
        """Whether there is anything."""
        return bool(self.lines or self.scripts)


NOT_GIVEN = Given((), ())


@lru_cache(maxsize=256)
def _is_interpreter(program: str) -> bool:
    return program in INTERPRETERS or program in _COMPILERS or language_of(program) is not None


def reads_program(program: str, argv: Sequence[str]) -> bool:
    """Tell whether `program` runs a program that its words give or name."""
    return len(argv) > 1 and _is_interpreter(program)


def program_words(program: str, argv: Sequence[str]) -> Iterator[str]:
    """The words of an interpreter that may be, or name, what it runs; not those for the program."""
    was_option = False
    for word in argv[1:]:
        if word[:1] == "-" and len(word) > 1:
            was_option = True
            continue
        if is_assignment(word) or (word == "run" and program in _COMPILERS):
            continue  # `make VERSION=$(curl …)`
        is_script = not was_option and program not in _TAKE_ALL
        if not is_script or "$" in word or is_file(word):
            yield word
        if is_script or ("." in word and program not in _TAKE_ALL):
            return
        was_option = False


def is_file(word: str) -> bool:
    """Tell whether `word` is the file in the place of `<(…)`."""
    return word.startswith("/dev/fd/")


def told_to(program: str, argv: Sequence[str]) -> str:
    """The URL or host off this machine to which words of `argv` tell what they are given."""
    words = [word for before, word in pairwise(argv) if before not in _NAME_FILES]
    if not any(SUBSTITUTED in word for word in words):
        return ""
    targets = (target for _, target in visited(program, argv))
    return next((target for target in targets if _is_elsewhere(host_of(target))), "")


def _is_elsewhere(host: str) -> bool:
    return host.strip("$(.)") != "" and reach_of(host) not in ("none", "local")
