"""What a shell command executes, read from its parse tree: Deeds.

The tree is walked in source order with the values of plain variables and the arguments of
functions at hand, so that `x=rm; $x -rf /` is what it is. What a wrapper runs (`sudo`, `bash -c`,
`xargs`, `ssh`, a heredoc to a shell …) is read as well; see `wrappers`. Text that is only data is
not executed and makes no Deed.

Costs are bounded: a parse takes 4 KB at most, a tree 150 levels, an Activity 400 Deeds. Beyond
that the text is split crudely, and a Deed says that it was not read whole.
"""

from codecs import register_error
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from threading import local
from typing import Any

import re2

from agentaudit_processor.classify import touches, wrappers
from agentaudit_processor.classify.deeds import MAX_DEEDS, Access, Deed, DeedKind
from agentaudit_processor.classify.paths import clean, scope_of
from agentaudit_processor.classify.words import (
    ansi_c,
    braces,
    continued,
    decoded_output,
    lift_quoted,
    unescaped,
)

MAX_PARSE_CHARS = 4096
MAX_OPERATORS = 300
MAX_TREE_DEPTH = 150
MAX_PIECES = 150
MAX_NESTED_SHELLS = 5

_Node = Any  # tree_sitter.Node: imported with the parser, when the first command comes

_UNREAD_TOO_LONG = "The command is too long or too tangled to be parsed whole"
_UNREAD_NAME = "The name of the command is computed when it runs"
_SPLIT = "\x1e"
"""Stands for `$IFS`: where it is not quoted, a word ends."""
_KNOWN = {"HOME": "~", "PWD": ".", "SHELL": "sh", "BASH": "bash", "0": "sh", "IFS": _SPLIT}


@lru_cache(maxsize=256)
def read_shell(command: str, cwd: str | None) -> tuple[Deed, ...]:
    """The Deeds of `command`, run in the absolute directory `cwd`; never raises."""
    reader = _Reader(base=cwd, cwd=cwd)
    reader.read(command)
    return tuple(reader.deeds[:MAX_DEEDS])


@dataclass(slots=True)
class _Stdin:
    """What a command reads: its text if that is known."""

    text: str | None = None


@dataclass(slots=True)
class _Reader:
    base: str | None
    """The session's directory: what lies below it is the project."""
    cwd: str | None
    """Where the command is by now: `cd` moves it."""
    deeds: list[Deed] = field(default_factory=list)
    _variables: dict[str, str] = field(default_factory=dict)
    _functions: dict[str, "_Function"] = field(default_factory=dict)
    _depth: int = 0
    _privileged: bool = False
    _source: str = ""
    _lifted: dict[str, str] = field(default_factory=dict)
    _behind: list[str] = field(default_factory=list)
    _substituted: list[str] = field(default_factory=list)
    """Pipeline lines whose output stands in the words of the command now being read."""
    _scripts: list[str] = field(default_factory=list)
    """Texts that the command now being read is given as files: `<(echo …)`."""
    _blank: bool = False
    """Whether an unknown variable is taken for empty."""

    # --- texts -----------------------------------------------------------------------------

    def read(self, text: str) -> None:
        """Read a script: parse it if it is small enough, else split it."""
        if self._depth >= MAX_NESTED_SHELLS or len(self.deeds) >= MAX_DEEDS:
            self._unread("Commands are nested too deep to be read")
            return
        lifted: dict[str, str] = {}
        text = continued(text.encode("utf-8", "replace").decode())  # RE2 takes no lone surrogate
        if len(text) > 1024:
            text, lifted = lift_quoted(text)
        if len(text) > MAX_PARSE_CHARS or _operators(text) > MAX_OPERATORS:
            self._unread(_UNREAD_TOO_LONG)
            self._split(text)
            return
        outer = self._source, self._lifted
        self._source, self._lifted = text, {**self._lifted, **lifted}
        self._depth += 1
        root, before = _parser().parse(_in_ascii(text)).root_node, len(self.deeds)
        self._statement(root, None, 0)
        if root.has_error and len(self.deeds) == before:  # `{rm,-rf,/}` is beyond the grammar
            self._split(text)
        for function in list(self._functions.values()):
            if not function.called and function.source is text:
                function.called = True
                self._statement(function.body, None, 1)
        self._depth -= 1
        self._source, self._lifted = outer

    def _split(self, text: str) -> None:
        start = len(self.deeds)
        for piece in _separators().split(text[: 64 * 1024], maxsplit=MAX_PIECES):
            split = piece.replace('"', " ").replace("'", " ").split()[:60]
            words = [word for one in split for word in braces(one)]
            while words and ("=" in words[0] or words[0] in ("then", "do", "else", "{", "(")):
                words = words[1:]
            if words and len(self.deeds) < MAX_DEEDS:
                self.run(words[:60], None)
        self.deeds[start:] = [replace(deed, crude=True) for deed in self.deeds[start:]]

    def _unread(self, why: str) -> None:
        self._add(Deed(kind=DeedKind.UNREAD, text=why))

    def _add(self, deed: Deed) -> None:
        if len(self.deeds) < MAX_DEEDS:
            self.deeds.append(deed)

    # --- statements ------------------------------------------------------------------------

    def _statement(self, node: _Node, stdin: _Stdin | None, level: int) -> tuple[str, _Stdin]:
        """Read `node`; give its line for a pipeline and what is known of its output."""
        if level > MAX_TREE_DEPTH or len(self.deeds) >= MAX_DEEDS:
            if level > MAX_TREE_DEPTH:
                self._unread("Commands are nested too deep to be read")
            return "", _Stdin()
        handler = _HANDLERS.get(node.type)
        if handler is not None:
            read: _Handler = getattr(self, handler)
            return read(node, stdin, level)
        line, output = "", _Stdin()
        for child in node.named_children:
            if child.type != "comment":
                line, output = self._statement(child, stdin, level + 1)
        return line, output

    def _command(self, node: _Node, stdin: _Stdin | None, level: int) -> tuple[str, _Stdin]:
        outer, self._substituted = self._substituted, []
        outer_scripts, self._scripts = self._scripts, []
        argv: list[str] = []
        for child in node.children:
            if child.type == "variable_assignment":
                self._assignment(child, None, level)
            elif child.type == "herestring_redirect":
                stdin = _Stdin(
                    " ".join(w for c in child.named_children for w in self._words(c, level))
                )
            elif child.type == "command_name":
                argv += self._name(child, level)
            elif child.is_named and not child.type.endswith("redirect"):
                argv += self._words(child, level + 1)
        if self._behind and argv:
            argv += self._behind
            self._behind = []
        line, output = self.run(argv, stdin) if argv else ("", _Stdin())
        if argv and self._substituted:
            program = _program(argv)
            if program in wrappers.SHELLS or program in (
                "eval",
                "source",
                ".",
                "python",
                "python3",
                "perl",
            ):
                for inner in self._substituted:
                    self._add(Deed(kind=DeedKind.PIPELINE, text=f"{inner} | {program}"))
        if argv and (_program(argv) in wrappers.SHELLS or _program(argv) in ("source", ".")):
            for script in self._scripts:
                self.read(script)
        self._substituted, self._scripts = outer, outer_scripts
        return line, output

    def _name(self, node: _Node, level: int) -> list[str]:
        """The words of a command's name; unknown variables inside are taken for empty: `r${x}m`."""
        if not node.children:
            return []
        words = self._words(node.children[0], level + 1)
        if _computed().search(self._text(node).encode("utf-8", "replace")):
            self._unread(_UNREAD_NAME)
        if "$" not in words[0] or "$(" in words[0]:
            return words
        self._blank = True
        bare = [word for word in self._words(node.children[0], level + 1) if word]
        self._blank = False
        return bare or words

    def _pipeline(self, node: _Node, stdin: _Stdin | None, level: int) -> tuple[str, _Stdin]:
        lines = []
        for child in node.named_children:
            line, stdin = self._statement(child, stdin, level + 1)
            lines.append(line)
        whole = " | ".join(lines)
        self._add(Deed(kind=DeedKind.PIPELINE, text=whole, privileged=self._privileged))
        return whole, stdin or _Stdin()

    def _redirected(self, node: _Node, stdin: _Stdin | None, level: int) -> tuple[str, _Stdin]:
        body = node.child_by_field_name("body")
        later: list[_Node] = []
        for redirect in node.children_by_field_name("redirect"):
            if redirect.type == "heredoc_redirect":
                stdin = _Stdin(self._heredoc(redirect, level))
                later += [
                    c for c in redirect.named_children if not c.type.startswith(("heredoc", "file"))
                ]
                for inner in redirect.named_children:
                    if inner.type == "file_redirect":
                        self._file_redirect(inner, level)
            elif redirect.type == "herestring_redirect":
                stdin = _Stdin(
                    " ".join(w for c in redirect.named_children for w in self._words(c, level))
                )
            else:
                self._file_redirect(redirect, level)
        line, output = self._statement(body, stdin, level + 1) if body else ("", _Stdin())
        lines = [line]
        for node_after in later:  # `cat <<EOF | sh`: the grammar hangs the rest under the heredoc
            line, output = self._statement(node_after, output, level + 1)
            lines.append(line)
        if later:
            self._add(Deed(kind=DeedKind.PIPELINE, text=" | ".join(lines)))
        return " | ".join(lines), output

    def _heredoc(self, node: _Node, level: int) -> str:
        for child in node.named_children:
            if child.type == "heredoc_body":
                for inner in child.named_children:
                    self._words(inner, level + 1)
                text = self._text(child)
                return self._lifted.get(text.strip(), text)
        return ""

    def _file_redirect(self, node: _Node, level: int) -> None:
        operator = next((c.type for c in node.children if not c.is_named), ">")
        destination, *behind = node.children_by_field_name("destination") or [None]
        if destination is not None:
            for path in self._words(destination, level + 1):
                if not path.isdigit() and path not in _NOWHERE:
                    self.touch(_REDIRECTS.get(operator, Access.WRITE), path)
        # `git checkout >log -- file`: the grammar hangs the rest of the words under the redirect
        self._behind += [word for child in behind for word in self._words(child, level + 1)]

    def _assignment(self, node: _Node, _stdin: _Stdin | None, level: int) -> tuple[str, _Stdin]:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        words = self._words(value, level + 1) if value is not None else [""]
        if name is not None and name.type == "subscript":  # `x[$(…)]=1` runs what is inside
            self._value(name, level + 1)
        if name is not None:
            self._variables[self._text(name)] = " ".join(words)
            # LD_PRELOAD=…, KUBECONFIG=…: what is set for a command may be what matters
            self._add(
                Deed(kind=DeedKind.COMMAND, text=f"{self._text(name)}={_inner(' '.join(words))}")
            )
        return "", _Stdin()

    def _function(self, node: _Node, _stdin: _Stdin | None, _level: int) -> tuple[str, _Stdin]:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is not None and body is not None:
            self._functions[self._text(name)] = _Function(body=body, source=self._source)
        return "", _Stdin()

    def _loop(self, node: _Node, stdin: _Stdin | None, level: int) -> tuple[str, _Stdin]:
        variable = node.child_by_field_name("variable")
        values = [
            word for c in node.children_by_field_name("value") for word in self._words(c, level + 1)
        ]
        if variable is not None:
            self._variables[self._text(variable)] = " ".join(values)
        body = node.child_by_field_name("body")
        return self._statement(body, stdin, level + 1) if body else ("", _Stdin())

    def _unset(self, node: _Node, stdin: _Stdin | None, level: int) -> tuple[str, _Stdin]:
        words = [word for child in node.named_children for word in self._words(child, level + 1)]
        return self.run(["unset", *words], stdin)

    # --- words -----------------------------------------------------------------------------

    def _text(self, node: _Node) -> str:
        return self._source[node.start_byte : node.end_byte]

    def _words(self, node: _Node, level: int) -> list[str]:
        """The words that `node` becomes: more than one where a bare variable holds spaces."""
        value = self._value(node, level)
        if _SPLIT in value:
            return [word for word in value.split(_SPLIT) if word] or [""]
        if node.type in ("word", "concatenation") and "{" in value and not _has_quotes(node):
            return braces(value)
        if node.type == "string" and _all_words().search(
            self._text(node).encode("utf-8", "replace")
        ):
            return value.split()
        if node.type in ("simple_expansion", "expansion", "command_substitution") and " " in value:
            return value.split()
        return [value]

    def _value(self, node: _Node, level: int) -> str:  # noqa: PLR0911  one return a kind
        kind = node.type
        if level > MAX_TREE_DEPTH:
            return "$DEEP"
        if kind == "word":
            return unescaped(self._text(node))
        if kind == "raw_string":
            return self._lifted.get(self._text(node), self._text(node)[1:-1])
        if kind == "ansi_c_string":
            return ansi_c(self._text(node)[2:-1])
        if kind == "string":
            return self._string(node, level)
        if kind in ("simple_expansion", "expansion"):
            return self._expansion(node, level)
        if kind in ("command_substitution", "process_substitution"):
            return self._substitution(node, level)
        if kind == "array":
            return " ".join(self._value(child, level + 1) for child in node.named_children)
        if kind in ("concatenation", "command_name"):
            return "".join(self._value(child, level + 1) for child in node.children)
        for child in node.named_children:  # arrays, arithmetic: only what is run inside matters
            self._value(child, level + 1)
        return self._text(node)

    def _string(self, node: _Node, level: int) -> str:
        if self._lifted and (lifted := self._lifted.get(self._text(node))) is not None:
            return lifted
        pieces, at = [], node.start_byte + 1
        for child in node.named_children:
            pieces.append(unescaped(self._slice(at, child.start_byte), quoted=True))
            if child.type == "string_content":
                pieces.append(unescaped(self._text(child), quoted=True))
            else:
                pieces.append(self._value(child, level + 1))
            at = child.end_byte
        pieces.append(unescaped(self._slice(at, node.end_byte - 1), quoted=True))
        return "".join(pieces).replace(_SPLIT, " ")

    def _slice(self, start: int, end: int) -> str:
        return self._source[start:end]

    def _expansion(self, node: _Node, level: int) -> str:
        names = [
            c for c in node.named_children if c.type in ("variable_name", "special_variable_name")
        ]
        rest = [c for c in node.named_children if c not in names]
        fallback = "".join(self._value(child, level + 1) for child in rest)
        name = self._text(names[0]) if names else self._text(node).strip("${}").partition("[")[0]
        if name in self._variables:
            return self._variables[name]
        if rest and ":-" in self._text(node):
            return fallback
        return _KNOWN.get(name, "" if self._blank else f"${name}")

    def _substitution(self, node: _Node, level: int) -> str:
        line, output = "", _Stdin()
        for child in node.named_children:
            line, output = self._statement(child, None, level + 1)
        if line:
            self._substituted.append(line)
        if node.type == "process_substitution":
            self._scripts += [output.text] if output.text else []
            return "/dev/fd/63"
        if output.text is not None:
            return output.text.strip()
        words = line.split()
        if len(words) > 1 and words[0] in ("which", "command", "type", "readlink", "realpath"):
            return words[-1]
        if words[:1] == ["mktemp"]:
            return "$(mktemp)"
        return "." if words[:1] == ["pwd"] else "$(...)"

    # --- commands --------------------------------------------------------------------------

    def run(self, argv: Sequence[str], stdin: _Stdin | None) -> tuple[str, _Stdin]:
        """Take note of one executed command and of all that it runs in turn."""
        if not argv or len(self.deeds) >= MAX_DEEDS:
            return "", _Stdin()
        argv = wrappers.plain(_without_unknown_prefix(argv))
        program = _program(argv)
        line = " ".join([program, *map(_inner, argv[1:])])
        self._add(Deed(kind=DeedKind.COMMAND, text=line, privileged=self._privileged))
        if program == "cd" and len(argv) > 1 and self._depth <= 1:
            self.cwd = clean(argv[-1], self.cwd)
        if program in self._functions:
            self._call(self._functions[program], argv)
        known = stdin.text if stdin else None
        self._set(program, argv, known)
        for inner in wrappers.unwrap(program, argv, known):
            self._run_inner(inner, stdin)
        for access, path in touches.touched(program, argv):
            self.touch(access, path)
        for verb, target in touches.visited(program, argv):
            self._add(Deed(kind=DeedKind.VISIT, text=target, verb=verb))
        return line, _Stdin(decoded_output(program, argv, known))

    def _run_inner(self, inner: "wrappers.Inner", stdin: _Stdin | None) -> None:
        outer = self._privileged
        self._privileged = outer or inner.privileged
        if self._depth < MAX_NESTED_SHELLS:
            self._depth += 1
            if inner.kind == "argv":
                self.run(inner.argv, stdin)
            elif inner.kind == "shell":
                self._depth -= 1
                self.read(inner.text)
                self._depth += 1
            else:
                kind = DeedKind.SQL if inner.kind == "sql" else DeedKind.CODE
                self._add(Deed(kind=kind, text=inner.text, verb=inner.language))
            self._depth -= 1
        self._privileged = outer

    def _set(self, program: str, argv: Sequence[str], stdin: str | None) -> None:
        """Variables that a builtin sets: `set -- rm`, `read x <<< rm`, `printf -v x rm`."""
        if program == "set" and argv[1:2] == ["--"]:
            self._variables["@"] = self._variables["*"] = " ".join(argv[2:])
        elif program == "read" and stdin is not None and len(argv) > 1:
            self._variables[argv[-1]] = stdin.strip()
        elif program == "printf" and argv[1:2] == ["-v"] and len(argv) > 3:
            self._variables[argv[2]] = decoded_output("printf", argv[2:], None) or ""

    def _call(self, function: "_Function", argv: Sequence[str]) -> None:
        function.called = True
        if self._depth >= MAX_NESTED_SHELLS:
            return
        kept, source = dict(self._variables), self._source
        self._variables |= {str(at): word for at, word in enumerate(argv) if at}
        self._variables["@"] = " ".join(argv[1:])
        self._source = function.source
        self._depth += 1
        self._statement(function.body, None, 1)
        self._depth -= 1
        self._variables, self._source = kept, source

    def touch(self, access: Access, path: str) -> None:
        """Take note that `path` is read, written or deleted."""
        cleaned = clean(path, self.cwd)
        self._add(
            Deed(
                kind=DeedKind.TOUCH,
                text=cleaned,
                access=access,
                scope=scope_of(cleaned, self.base),
                privileged=self._privileged,
            )
        )


@dataclass(slots=True)
class _Function:
    body: _Node
    source: str
    called: bool = False


_Handler = Callable[[_Node, _Stdin | None, int], tuple[str, _Stdin]]
_HANDLERS = {
    "command": "_command",
    "pipeline": "_pipeline",
    "redirected_statement": "_redirected",
    "variable_assignment": "_assignment",
    "function_definition": "_function",
    "for_statement": "_loop",
    "unset_command": "_unset",
}
_OF_THREAD = local()
_NOWHERE = ("/dev/null", "-", "/dev/stdout", "/dev/stderr")
_REDIRECTS = {"<": Access.READ, ">>": Access.APPEND, "&>>": Access.APPEND}


def _program(argv: Sequence[str]) -> str:
    return argv[0].rpartition("/")[2] if argv else ""


def _without_unknown_prefix(argv: Sequence[str]) -> Sequence[str]:
    """`$SUDO rm -rf /` is at least `rm -rf /`."""
    name = argv[0]
    is_unknown = name.startswith("$") and "$(" not in name and "/" not in name
    return argv[1:] if is_unknown and len(argv) > 1 and not argv[1].startswith("-") else argv


def _has_quotes(node: _Node) -> bool:
    return any("string" in child.type for child in node.children)


def _inner(word: str) -> str:
    # a space inside a word is no border between words: rules see it as a no-break space
    return word.replace(" ", "\u00a0").replace("\n", "\u00a0") if word else "''"


def _operators(source: str) -> int:
    return sum(map(source.count, "|&;(`<{"))


def _in_ascii(text: str) -> bytes:
    """`text` with an `x` for each character beyond ASCII, so that a byte is a character.

    tree-sitter-bash 0.25 asks `isalnum` about characters that it is not made for, and takes the
    process down with it: `{\U0007ea1b` did.
    """
    return text.encode("ascii", "agentaudit.x")


def _an_x(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)  # noqa: S101  the only kind that encoding raises
    return "x" * (error.end - error.start), error.end


register_error("agentaudit.x", _an_x)


@cache
def _computed() -> Any:
    """The whole name of a command, cut or changed out of a variable: `${x:0:2}`, `${x//a/b}`."""
    return re2.compile(rb'^"?\$\{(?:!|\w+(?::\s*[0-9(]|[#%/,^]))[^{}]*\}"?$')


@cache
def _all_words() -> Any:
    """`"$@"` and `"${name[@]}"`, which stay many words in quotes."""
    return re2.compile(rb'^"\$(?:@|\{(?:@|\w+\[@\])\})"$')


@cache
def _separators() -> Any:
    return re2.compile(r"(?:&&|\|\||[;\n|&`]|\$\()+")


def _parser() -> Any:
    """The parser of this thread: it must not be shared."""
    parser = getattr(_OF_THREAD, "parser", None)
    if parser is None:
        from tree_sitter import Language, Parser  # noqa: PLC0415  20 ms that a Read need not pay
        from tree_sitter_bash import language  # noqa: PLC0415

        parser = _OF_THREAD.parser = Parser(Language(language()))
    return parser
