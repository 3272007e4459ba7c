"""What builtins change in a shell: its directory, its variables, its aliases."""

from collections.abc import Sequence

from agentaudit_processor.classify.paths import clean
from agentaudit_processor.classify.shell.output import decoded_output
from agentaudit_processor.classify.shell.state import Output, Shell
from agentaudit_processor.classify.tables import table

BUILTINS = table("cd set read mapfile readarray printf alias")


def change(shell: Shell, program: str, argv: Sequence[str], stdin: Output) -> None:
    """Directory, variables and aliases: `cd x`, `set -- rm`, `read x <<< rm`, `alias x=rm`."""
    if program == "cd" and len(argv) > 1 and shell.depth <= 1:
        shell.cwd = clean(argv[-1], shell.cwd)
    elif program == "set" and argv[1:2] == ["--"]:
        shell.give(argv[2:])
    elif program == "read" and stdin.text is not None and len(argv) > 1:
        names = [word for word in argv[1:] if not word.startswith("-")]
        values = stdin.text.strip().split(None, max(0, len(names) - 1))
        for name, value in zip(names, values, strict=False):
            shell.assign(name, value)
    elif program in ("mapfile", "readarray") and stdin.text is not None and len(argv) > 1:
        shell.assign(argv[-1], stdin.text.strip() + "\n")  # an item a line
    elif program in ("read", "mapfile", "readarray") and stdin.line and len(argv) > 1:
        shell.come_from[argv[-1]] = stdin.line
    elif program == "printf" and argv[1:2] == ["-v"] and len(argv) > 3:
        shell.assign(argv[2], decoded_output("printf", argv[2:], None) or "")
    elif program == "alias":
        for word in argv[1:10]:
            name, sign, text = word.partition("=")
            if sign:
                shell.aliases[name] = text
