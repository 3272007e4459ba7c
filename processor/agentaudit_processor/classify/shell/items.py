"""Commands that run another one for each of many items: xargs, parallel, `find -exec`, `fd -x`."""

from collections.abc import Iterator, Sequence

from agentaudit_processor.classify.shell.found import Inner
from agentaudit_processor.classify.shell.globs import is_glob
from agentaudit_processor.classify.tables import table
from agentaudit_processor.classify.touches import found_in

SHELLS = table(
    "sh bash zsh dash ksh fish ash csh tcsh rbash mksh yash osh elvish nu xonsh hush lksh posh"
)
_MAX_ITEMS = 20
_XARGS_VALUES = table(
    "-I -n -P -L -d -a -E -s --max-args --max-procs --delimiter --arg-file --max-lines --replace"
)


def xargs(argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    """`xargs rm`, `xargs -I{} mv {} x`; the items are the words of its input."""
    rest, mark = list(argv[1:]), ""
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option.startswith("-I") and len(option) > 2:
            mark = option[2:]
        elif option in _XARGS_VALUES and rest:
            value = rest.pop(0)
            mark = value if option == "-I" else mark
    items = stdin.split()[:_MAX_ITEMS] if stdin else ["$STDIN"]
    if not rest:
        return
    if mark:
        for item in items[:5]:
            yield Inner(kind="argv", argv=[word.replace(mark, item) for word in rest])
    elif rest[0].rpartition("/")[2] in SHELLS and rest[-1:] == ["-c"] and stdin:
        yield Inner(kind="shell", text=stdin)  # whatever comes in is run
    else:
        yield Inner(kind="argv", argv=[*rest, *items])


def parallel(argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    """`parallel rm ::: a b`; else the items are the lines of its input."""
    rest = list(argv[1:])
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option in ("-j", "--jobs", "-n", "-N", "--colsep", "-a", "--arg-file", "-S") and rest:
            rest.pop(0)
    at = next((n for n, word in enumerate(rest) if word in (":::", "::::")), len(rest))
    words, items = rest[:at], [w for w in rest[at + 1 :] if w != ":::"]
    items = items or (stdin.splitlines() if stdin else ["$STDIN"])
    if not words:
        yield from (Inner(kind="shell", text=item) for item in items[:5])
        return
    for item in items[:5]:
        filled = [word.replace("{}", item) for word in words]
        filled = filled if filled != words else [*words, item]
        if len(filled) == 1:
            yield Inner(kind="shell", text=filled[0])
        else:
            yield Inner(kind="argv", argv=filled)


def of_find(argv: Sequence[str], _stdin: str | None) -> Iterator[Inner]:
    """`find . -exec rm {} +`, with where it starts in the place of what it finds."""
    start, filtered = found_in(argv)
    for at, word in enumerate(argv):
        if word in ("-exec", "-execdir", "-ok", "-okdir"):
            rest = list(argv[at + 1 :])
            end = next((n for n, w in enumerate(rest) if w in (";", "+")), len(rest))
            found = f"{start.rstrip('/')}/{_found_name(argv)}" if filtered else start
            is_shell = rest[:1] and rest[0].rpartition("/")[2] in SHELLS
            if is_shell and not filtered:
                found = f"{start.rstrip('/')}/*"
            words = [w.replace("{}", found) for w in rest[:end]]
            if is_shell and rest[end : end + 1] == ["+"]:
                words.append(found)  # many at once: the first of them is `$0`
            yield Inner(kind="argv", argv=words)


def fd(argv: Sequence[str], _stdin: str | None) -> Iterator[Inner]:
    """`fd pattern path -x command`."""
    for at, word in enumerate(argv):
        if word in ("-x", "-X", "--exec", "--exec-batch"):
            asked = [one for one in argv[1:at] if not one.startswith("-")]
            start = asked[1] if len(asked) > 1 else "."
            chosen = bool(asked) and asked[0] not in (".", "", ".*")
            found = f"{start.rstrip('/')}/$FOUND" if chosen else start
            words = [one.replace("{}", found) for one in argv[at + 1 :] if one != ";"]
            yield Inner(kind="argv", argv=words if found in words else [*words, found])


def _found_name(argv: Sequence[str]) -> str:
    """What the files are called that `find` chooses, where one name is asked for."""
    names = [argv[at + 1] for at, word in enumerate(argv[:-1]) if word in ("-name", "-iname")]
    return names[0] if len(names) == 1 and not is_glob(names[0]) else "$FOUND"
