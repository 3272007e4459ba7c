"""Takes note of one command: what it runs in turn, what it touches, what it prints."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from agentaudit_processor.classify import touches
from agentaudit_processor.classify.deeds import DeedKind
from agentaudit_processor.classify.shell import wrappers
from agentaudit_processor.classify.shell.builtins import BUILTINS, change
from agentaudit_processor.classify.shell.expansion import SUBSTITUTED
from agentaudit_processor.classify.shell.found import Inner
from agentaudit_processor.classify.shell.given import (
    INTERPRETERS,
    NOT_GIVEN,
    Given,
    is_file,
    program_words,
    reads_program,
    told_to,
)
from agentaudit_processor.classify.shell.globs import fitting, is_glob
from agentaudit_processor.classify.shell.inline import language_of
from agentaudit_processor.classify.shell.items import SHELLS
from agentaudit_processor.classify.shell.made_files import (
    FETCHERS,
    WRITERS,
    known_input,
    write_files,
)
from agentaudit_processor.classify.shell.options import plain
from agentaudit_processor.classify.shell.output import decoded_output
from agentaudit_processor.classify.shell.state import (
    MAX_LINE,
    MAX_NESTED_SHELLS,
    NOTHING,
    Function,
    Output,
    Shell,
    Written,
    inner,
    program_of,
)
from agentaudit_processor.classify.shell.stores import without_said
from agentaudit_processor.classify.tables import table
from agentaudit_processor.classify.visits import visited

_READ_SCRIPTS = SHELLS | frozenset(("source", "."))
# What a glob in the place of a command may stand for: `/bin/r?`, `/???/b??h`.
_IN_BIN = table(
    """
    rm sh bash dash zsh dd cp mv ln cat chmod chown mkfs mkfs.ext4 shred kill nc ncat curl wget
    python3 perl ruby find tee sudo su mount umount passwd useradd userdel reboot shutdown halt
    poweroff crontab at truncate wipefs fdisk iptables systemctl docker git ssh scp tar awk sed env
    xargs busybox rmdir unlink base64 xxd nohup init
    """
)
_MAX_GLOBBED = 4
_PACKAGERS = ("npm", "pnpm", "yarn", "bun")
_SAYERS = ("echo", "printf")
_UNREAD_DEPTH = "Commands are nested too deep to be read"
_UNREAD_GLOB = "The name of the command is a pattern that several programs fit"


class Printing(NamedTuple):
    """What is known of the output of one command that was run."""

    line: str
    inner: Output
    """What that prints which it ran in turn."""
    stdin: Output
    known: Output
    """What it reads: its input, or a file that the script wrote before."""
    given: Given


class Running:
    """Reads commands for a shell."""

    def __init__(
        self,
        shell: Shell,
        read: Callable[[str], Output],
        call: Callable[[Function, Sequence[str], Output], Output],
    ) -> None:
        self._shell = shell
        self._read = read
        self._call = call
        self._before: dict[tuple[str | bool | None, ...], Output] = {}
        """By command, directory and rights, what it printed when all that it does was kept."""

    def run(self, argv: Sequence[str], stdin: Output, given: Given = NOT_GIVEN) -> Output:
        """Take note of one executed command and of all that it runs in turn."""
        shell = self._shell
        shell.steps += 1
        if not argv or shell.is_full:
            return NOTHING
        if not shell.is_crowded or not shell.is_bare or stdin.text is not None or given.holds:
            return self._run(argv, stdin, given)
        key = (*argv, shell.cwd, shell.privileged)
        if (output := self._before.get(key)) is None:
            output = self._run(argv, stdin, given)
            if argv[0] not in BUILTINS and shell.is_bare:
                self._before[key] = output
        return output

    def _run(self, argv: Sequence[str], stdin: Output, given: Given) -> Output:
        shell = self._shell
        whole = self._named(_without_unknown_prefix(argv))
        argv = plain(whole)
        argv = self._with_remote(argv)
        program = program_of(argv)
        if program in ("mongosh", "mongo"):
            argv = without_said(argv)
        line = " ".join([program, *map(inner, argv[1:])])[:MAX_LINE]
        shell.add(DeedKind.COMMAND, line)
        # before what it runs in turn: that touches and visits for itself
        shell.touch_all(touches.touched(program, whole if program == "git" else argv))
        for verb, target in visited(program, argv):
            shell.add(DeedKind.VISIT, target, verb=verb)
        known = known_input(shell, program, argv, stdin)
        output = self._defined(program, whole, stdin)
        if program in BUILTINS:
            change(shell, program, argv, known)
        for one in wrappers.unwrap(program, whole if program == "git" else argv, known.text):
            output = self._run_inner(one, known, given) or output
            if one.kind == "shell" and one.text.startswith(SUBSTITUTED):
                self._run_as_script(given.lines)
        if given.holds:
            self._given(program, argv, given)
        output = self._script(program, argv) or output
        if program in WRITERS:
            write_files(shell, program, argv, known, line)
        return self._printed(argv, Printing(line, output, stdin, known, given))

    def _with_remote(self, argv: Sequence[str]) -> Sequence[str]:
        """`git push x`, where the script itself said before what the remote `x` is."""
        if argv[0] != "git" or len(argv) < 3:
            return argv
        remotes, words = self._shell.remotes, list(argv)
        if words[1] == "remote" and words[2] in ("add", "set-url") and len(words) > 4:
            remotes[words[-2]] = words[-1]
        elif words[1] == "push" and remotes:
            named = [*words[:2], *(remotes.get(word, word) for word in words[2:])]
            unnamed = all(word[:1] == "-" for word in words[2:]) and "origin" in remotes
            return [*named[:2], remotes["origin"], *named[2:]] if unnamed else named
        return argv

    def _printed(self, argv: Sequence[str], one: Printing) -> Output:
        """What a command prints, as far as that is known, and the commands that it comes from."""
        program, line = program_of(argv), one.line
        if one.known is not one.stdin:  # the file that it prints was written by the script itself
            text = decoded_output(program, _options_of(argv), one.known.text)
            line = f"{one.known.line} | {line}" if one.known.line else line
        else:
            text = decoded_output(program, argv, one.known.text)
        fetches = program_of(one.inner.line.split(" ")[:1]) in FETCHERS
        if fetches and program in self._shell.functions:
            line = one.inner.line  # what the function fetches is what it prints
        elif program in _SAYERS and one.given.lines:  # `echo "$(curl …)" | sh`
            line = f"{one.given.lines[-1]} | {line}"
        return Output(text=one.inner.text if text is None and one.inner else text, line=line)

    # --- what a name stands for ------------------------------------------------------------

    def _named(self, argv: Sequence[str]) -> Sequence[str]:
        """`argv` with the program's true name: of a copy, of a link, of a glob."""
        shell, name = self._shell, argv[0]
        if is_glob(name) and ("/" in name or len(name) > 1) and name not in ("[", "[["):
            fits = fitting(name.rpartition("/")[2], sorted(_IN_BIN))
            if fits and len(fits) <= _MAX_GLOBBED:
                for other in fits[1:]:
                    self.run([other, *argv[1:]], NOTHING)
                return [fits[0], *argv[1:]]
            if fits and "/" in name:
                shell.unread(_UNREAD_GLOB)
        if shell.files and (copied := shell.written(name)) is not None and copied.program:
            return [copied.program, *argv[1:]]
        return argv

    def _defined(self, program: str, argv: Sequence[str], stdin: Output) -> Output:
        """Run the function, the alias or the written file that `argv` names."""
        shell = self._shell
        if (function := shell.functions.get(program)) is not None:
            return self._call(function, argv, stdin)
        if (text := shell.aliases.pop(program, None)) is not None:  # an alias is not its own body
            output = self._read(" ".join([text, *map(_quoted, argv[1:])]))
            shell.aliases[program] = text
            return output
        if "/" in argv[0] and (written := shell.written(argv[0])) is not None:
            return self._run_file(written, argv)
        return NOTHING

    def _script(self, program: str, argv: Sequence[str]) -> Output:
        """Run a script that was written before: `bash s.sh`, `python3 x.py`, `crontab f`."""
        if not self._shell.files:
            return NOTHING
        if program in _PACKAGERS and (written := self._shell.written("package.json")) is not None:
            return self._run_file(written, argv, program)
        if program not in INTERPRETERS and language_of(program) is None:
            return NOTHING
        words = [word for word in argv[1:] if not word.startswith("-")]
        for word in words[:2]:
            written = self._shell.written(word)
            if written is not None:
                return self._run_file(written, [program, *argv[argv.index(word) :]], program)
            if "." in word or "/" in word:  # the script; what follows are its own words
                break
        if program == "make" and (written := self._shell.written("Makefile")) is not None:
            return self._run_file(written, argv, program)
        return NOTHING

    def _run_file(self, written: Written, argv: Sequence[str], program: str = "") -> Output:
        content = written.content
        runner = program or _interpreter(content.text or "")
        if content.line:
            self._shell.add(DeedKind.PIPELINE, f"{content.line} | {runner}")
        if content.text is None:
            return NOTHING
        if runner in _READ_SCRIPTS:
            arguments = argv[1:] if program else argv
            return self._run_inner(Inner(kind="shell", text=content.text, argv=arguments), NOTHING)
        for one in wrappers.unwrap(runner, [runner], content.text):
            self._run_inner(one, NOTHING)
        return NOTHING

    # --- what it runs ----------------------------------------------------------------------

    def _run_inner(self, one: Inner, stdin: Output, given: Given = NOT_GIVEN) -> Output:
        shell = self._shell
        if shell.depth >= MAX_NESTED_SHELLS:
            shell.unread(_UNREAD_DEPTH)
            return NOTHING
        outer, shell.privileged = shell.privileged, shell.privileged or one.privileged
        output = NOTHING
        if one.kind == "argv":
            shell.depth += 1
            output = self.run(one.argv, Output(text=one.stdin, line=stdin.line), given)
            shell.depth -= 1
        elif one.kind == "shell":
            kept = dict(shell.variables)
            if one.argv:
                shell.assign("0", one.argv[0])
                shell.give(one.argv[1:])
            output = self._read(one.text)
            shell.variables = kept if one.argv else shell.variables
        else:
            kind = DeedKind.SQL if one.kind == "sql" else DeedKind.CODE
            shell.add(kind, one.text, verb=one.language)
        shell.privileged = outer
        return output

    def _given(self, program: str, argv: Sequence[str], given: Given) -> None:
        """Take note of what is run, or sent, out of `$(…)` and `<(…)` in the words of `argv`."""
        self._run_as_script(given.named)
        if not reads_program(program, argv):
            told = told_to(program, argv)
            for line in given.lines if told else ():
                self._shell.add(DeedKind.SEQUENCE, f"tell {line} => {told}")
            return
        words = list(program_words(program, argv))
        for line in given.lines if words else ():
            self._shell.add(DeedKind.PIPELINE, f"{line} | {program}")
        for script in given.scripts if any(map(is_file, words)) else ():
            if script.text is not None and program in _READ_SCRIPTS:
                self._read(script.text)
            elif script.text is not None:
                for one in wrappers.unwrap(program, [program], script.text):
                    self._run_inner(one, NOTHING)

    def _run_as_script(self, lines: Sequence[str]) -> None:
        """Take note that what commands print is run by a shell."""
        for line in lines:
            self._shell.add(DeedKind.PIPELINE, f"{line} | sh")


def _options_of(argv: Sequence[str]) -> Sequence[str]:
    return [word for at, word in enumerate(argv) if not at or word.startswith("-")]


def _without_unknown_prefix(argv: Sequence[str]) -> Sequence[str]:
    """`$SUDO rm -rf /` is at least `rm -rf /`."""
    name = argv[0]
    is_unknown = name.startswith("$") and "$(" not in name and "/" not in name
    if "=" in name and "/" not in name.partition("=")[0] and len(argv) > 1:
        return argv[1:]  # `A-B=2 rm`: no assignment to bash, one to other shells
    return argv[1:] if is_unknown and len(argv) > 1 and not argv[1].startswith("-") else argv


def _interpreter(text: str) -> str:
    """The program that runs a file, by its first line."""
    if not text.startswith("#!"):
        return "sh"
    words = text.partition("\n")[0][2:].split()
    name = program_of(words[1:] if words[:1] == ["/usr/bin/env"] else words)
    return name or "sh"


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"
