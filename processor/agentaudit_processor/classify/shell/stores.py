"""What clients of stores and file servers read as input: `redis-cli <<EOF`, `… | mongosh`."""

import shlex
from collections.abc import Iterator, Sequence
from itertools import pairwise

from agentaudit_processor.classify.shell.found import Inner
from agentaudit_processor.classify.tables import table

_MAX_COMMANDS = 200
_VALUES = table(
    "-h -p -s -a -u -n -r -i -D -d -t -X --user --pass --sni --cacert --cacertdir --cert --key"
)
"""Options of redis-cli that take a value."""
_NO_COMMANDS = table("-x --eval --help --version")
"""Options of redis-cli behind which its input holds a value, or nothing."""
_SENDS = table("put mput send append reput mirror")
_EVALUATED = table("--eval --help --version --nodb")


def key_value(argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    """Each line as the words of a command: `redis-cli -h cache <<< FLUSHALL`."""
    if stdin is None or set(argv) & _NO_COMMANDS or _has_command(argv[1:]):
        return
    for line in stdin.splitlines()[:_MAX_COMMANDS]:
        if words := _words(line):
            yield Inner(kind="argv", argv=[*argv, *words])


def document(argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    """The script as if it were given in an option: `mongosh shop <<< 'db.dropDatabase()'`."""
    if stdin and not any(word.partition("=")[0] in _EVALUATED for word in argv[1:]):
        yield Inner(kind="argv", argv=[*argv, "--eval", " ".join(stdin.split())])


def transfer(argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    """What a client of a file server is told to send: `sftp host <<< 'put file'`."""
    for line in (stdin or "").splitlines()[:_MAX_COMMANDS]:
        words = _words(line)
        if words[:1] and words[0].lower() in _SENDS:
            yield Inner(kind="argv", argv=[*argv, *words])


def without_said(argv: Sequence[str]) -> Sequence[str]:
    """`argv` without what its scripts only say: `mongosh --eval 'print("db.dropDatabase()")'`."""
    from agentaudit_processor.classify.code.commentary import (  # noqa: PLC0415  its package reads us
        without_commentary,
    )

    words = [argv[0]]
    for before, word in pairwise(argv):
        option, sign, script = word.partition("=")
        if before == "--eval":
            words.append(without_commentary(word, "javascript"))
        elif option == "--eval":
            words.append(f"{option}{sign}{without_commentary(script, 'javascript')}")
        else:
            words.append(word)
    return words


def _has_command(words: Sequence[str]) -> bool:
    """Tell whether a word is no option, nor the value of one."""
    before = ""
    for word in words:
        if not word.startswith("-") and before not in _VALUES:
            return True
        before = word
    return False


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:  # a quote is left open: the first words still tell what is done
        return line.split()
