"""The files that a script makes, and what a command reads that one of them is given to."""

from collections.abc import Sequence

from agentaudit_processor.classify import touches
from agentaudit_processor.classify.deeds import Access
from agentaudit_processor.classify.shell.state import Output, Shell
from agentaudit_processor.classify.tables import table

FETCHERS = ("curl", "wget", "aria2c", "scp", "rsync")
_COPIERS = ("cp", "mv", "ln", "install")
_ENCODERS = ("openssl", "base64", "xxd")
WRITERS = frozenset(("tee", *_COPIERS, *FETCHERS, *_ENCODERS))
_PRINTERS = table("cat head tail base64 base32 xxd openssl rev tr tac strings gunzip zcat envsubst")


def known_input(shell: Shell, program: str, argv: Sequence[str], stdin: Output) -> Output:
    """What the command reads: its input, or a file that the script wrote before."""
    if stdin.text is None and shell.files and program in _PRINTERS:
        for word in argv[1:]:
            written = shell.written(word)
            if written is not None and not written.program:
                return written.content
    return stdin


def write_files(shell: Shell, program: str, argv: Sequence[str], stdin: Output, line: str) -> None:
    """Keep in mind the files that the command makes."""
    if program == "tee":
        for word in argv[1:]:
            if not word.startswith("-"):
                shell.write(word, stdin, append="-a" in argv)
    elif program in _COPIERS:
        words = [word for word in argv[1:] if not word.startswith("-")]
        if words[-2:-1] == ["/dev/stdin"]:
            shell.write(words[-1], stdin)
        elif len(words) > 1:
            shell.copy(words[-2], words[-1])
    elif program in FETCHERS:
        for access, path in touches.touched(program, argv):
            if access is Access.WRITE:
                shell.write(path, Output(line=line))
    elif program in _ENCODERS:
        for at, word in enumerate(argv[:-1]):
            if word in ("-out", "-o"):
                shell.write(argv[at + 1], Output(line=line))
