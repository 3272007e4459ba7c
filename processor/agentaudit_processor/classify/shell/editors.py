"""What editors are told to run: `vim -c ':!command'`, `ed <<< '!command'`, `sed '1e command'`."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import re2

from agentaudit_processor.classify.shell.found import Inner


def told_to_editor(argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    """`vim -c ':!command'`, `vim +'!command'`, `ed <<< '!command'`."""
    told = [argv[at + 1] for at, word in enumerate(argv[:-1]) if word in ("-c", "--cmd", "-S")]
    told += [after for word, after in pairwise(argv) if _ends_in_c(word)]
    told += [word[1:] for word in argv[1:] if word.startswith("+")]
    told += stdin.splitlines()[:20] if stdin else []
    for text in told:
        if (script := _script_of_editor().search(text)) is not None:
            language = _EDITOR_LANGUAGES.get(script.group(1), "python")
            yield Inner(kind="code", text=script.group(2), language=language)
        found = _bang().search(text)
        if found is not None:
            told = found.group(1).strip(" '\")") if found.group(1) else found.group(2)
            yield Inner(kind="shell", text=told)


_EDITOR_LANGUAGES = {"lua": "lua", "luado": "lua", "perl": "perl", "ruby": "ruby", "call": "vim"}


def _ends_in_c(cluster: str) -> bool:
    """Tell whether options of `ex` end in the one that takes a command: `-sc`, `-esc`."""
    return cluster[:1] == "-" and len(cluster) > 2 and cluster[1:].isalpha() and cluster[-1] == "c"


def told_to_sed(argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    """`sed '1e command'`, `sed 's/x/command/e'`: GNU sed runs them."""
    scripts = [argv[at + 1] for at, word in enumerate(argv[:-1]) if word in ("-e", "--expression")]
    scripts = scripts or [word for word in argv[1:] if not word.startswith("-")][:1]
    for script in scripts:
        found = _sed_run().search(script)
        if found is not None:
            command = (found.group(1) or found.group(3) or "").replace("\\", "")
            yield Inner(kind="shell", text=command or stdin or "")


@cache
def _bang() -> Any:
    return re2.compile(r"(?:^|[\s:|(\"'])!\s*(\S[^\n]*)|\bsystem(?:list)?\([\"']([^\n]*)[\"']\)")


@cache
def _script_of_editor() -> Any:
    return re2.compile(r"^:?\s*(lua|luado|py|py3|python|python3|perl|ruby|call)\s+([^\n]+)")


@cache
def _sed_run() -> Any:
    address = r"(?:\d+|\$|/[^/]*/)?(?:,(?:\d+|\$|/[^/]*/))?"
    return re2.compile(
        rf"(?:^|[;{{\n]){address}\s*e\s+([^\n]+)|(?:^|[;{{\n]){address}\s*s([/|,#@!])[^\n]*?"
        r"[/|,#@!]((?:\\.|[^/|,#@!\n\\])*)[/|,#@!][gpiIm0-9]*e"
    )
