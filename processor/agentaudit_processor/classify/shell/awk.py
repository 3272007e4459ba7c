"""Commands that a program of awk runs: `system("…")`, `"…" | getline`, `print "…" | "sh"`.

Source: POSIX.1-2024, awk; gawk manual §9.1.4.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import re2

from agentaudit_processor.classify.tables import table

_TAKE_VALUE = table("-F -v -f --assign --field-separator --file -i --include -l -E")


def commands_in(argv: Sequence[str], stdin: str | None) -> Iterator[str]:
    """The commands that the program of `argv`, given `stdin`, hands to a shell."""
    script = _script(argv)
    script = "\n".join(line for line in script.split("\n") if line.lstrip()[:1] != "#")
    script = _filled(script[:4096])
    for found in _run().finditer(script[:4096]):
        command = next(text for text in found.groups() if text is not None)
        yield command.replace('\\"', '"')
    for found in _printed().finditer(script[:4096]):
        yield str(found.group(1)).replace('\\"', '"')
    if stdin is not None and ("system($0)" in script.replace(" ", "") or '| "sh"' in script):
        yield stdin


def _script(argv: Sequence[str]) -> str:
    """The program of `awk -F : -v x=1 'program' file`."""
    before = ""
    for word in argv[1:]:
        if before in ("-e", "--source"):
            return word
        if not word.startswith("-") and before not in _TAKE_VALUE:
            return word
        before = word
    return ""


def _filled(script: str) -> str:
    """`script` of awk with what its `system` is given put together: `c="rm "; system(c "/")`."""
    if "system(" not in script:
        return script
    names = {one.group(1): one.group(2) for one in _assigned().finditer(script)}

    def joined(match: Any) -> str:
        parts = _operands().findall(match.group(1))
        told = [text or names.get(name, f"${name}") for text, name in parts]
        return f'system("{"".join(told)}")'

    return str(_system().sub(joined, script))


@cache
def _run() -> Any:
    text = r'"((?:[^"\\]|\\.)*)"'
    return re2.compile(rf"\bsystem\(\s*{text}|{text}\s*\|&?\s*getline|\bprint[^|;\n]*\|&?\s*{text}")


@cache
def _assigned() -> Any:
    return re2.compile(r'\b([A-Za-z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"')


@cache
def _system() -> Any:
    return re2.compile(r'\bsystem\(\s*((?:"(?:[^"\\]|\\.)*"|[\s\w$])+)\)')


@cache
def _operands() -> Any:
    return re2.compile(r'"((?:[^"\\]|\\.)*)"|([A-Za-z_$]\w*)')


@cache
def _printed() -> Any:
    return re2.compile(
        r'\bprintf?\s*\(?\s*"((?:[^"\\]|\\.)*)"\)?\s*\|&?\s*"(?:/bin/)?(?:ba|z|da)?sh'
    )
