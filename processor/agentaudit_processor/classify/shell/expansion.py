"""From nodes of the tree to words: variables, quotes, braces and substitutions expanded."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import re2

from agentaudit_processor.classify.shell.grammar import Node, has_quotes
from agentaudit_processor.classify.shell.modifiers import modified
from agentaudit_processor.classify.shell.quoting import ansi_c, braces, unescaped
from agentaudit_processor.classify.shell.state import MAX_WORD, NOTHING, SPLIT, Output, Shell

MAX_TREE_DEPTH = 150
_KNOWN = {"HOME": "~", "PWD": ".", "SHELL": "sh", "BASH": "bash", "0": "sh", "IFS": SPLIT}
_FINDERS = ("which", "command", "type", "readlink", "realpath")
SUBSTITUTED = "$(...)"
"""Stands in a word for what a command prints there, where that is not known."""
_UNREAD_NAME = "The name of the command is computed when it runs"

Statement = Callable[[Node, Output, int], Output]
"""Reads a statement: node, what it gets as input, level in the tree; gives what it prints."""


class Expansion:
    """Makes words of nodes. What stands in `$(…)` is read as a statement on the way."""

    def __init__(self, shell: Shell, statement: Statement) -> None:
        self._shell = shell
        self._statement = statement
        self._blank = False
        """Whether an unknown variable is taken for empty."""
        self.substituted: list[str] = []
        """Lines whose output stands in the words of the command now being read."""
        self.scripts: list[Output] = []
        """What the command now being read is given as files: `<(echo …)`."""

    def text(self, node: Node) -> str:
        """The source of `node`."""
        return self._shell.source[node.start_byte : node.end_byte]

    def words(self, node: Node, level: int) -> list[str]:
        """The words that `node` becomes: more than one where a bare variable holds spaces."""
        kind, value = node.type, self.value(node, level)
        if SPLIT in value:
            return [word for word in value.split(SPLIT) if word] or [""]
        if kind == "word":
            return braces(value) if "{" in value else [value]
        if kind == "concatenation" and "{" in value and not has_quotes(node):
            return braces(value)
        if kind == "string" and _all_words().search(self.text(node).encode("utf-8", "replace")):
            return value.split()
        if kind in ("simple_expansion", "expansion", "command_substitution"):
            return self._split(value)
        return [value]

    def items(self, node: Node, level: int) -> list[str]:
        """The words of what is assigned: each item of an array for itself."""
        if node.type != "array":
            return self.words(node, level)
        return [word for child in node.named_children for word in self.words(child, level + 1)]

    def name(self, node: Node, level: int) -> list[str]:
        """The words of a command's name; unknown variables inside are taken for empty: `r${x}m`."""
        if not node.children:
            return []
        words = self.words(node.children[0], level + 1)
        if not words:  # `"$@"` where there are no arguments
            return []
        if words[0].startswith("${") and _computed().search(
            self.text(node).encode("utf-8", "replace")
        ):
            self._shell.unread(_UNREAD_NAME)
        if "$" not in words[0] or "$(" in words[0]:
            return words
        self._blank = True
        bare = [word for word in self.words(node.children[0], level + 1) if word]
        self._blank = False
        return bare or words

    def value(self, node: Node, level: int) -> str:  # noqa: PLR0911  one return a kind
        """What `node` stands for, in one piece."""
        kind = node.type
        if level > MAX_TREE_DEPTH:
            return "$DEEP"
        if kind == "word":
            return unescaped(self.text(node))
        if kind == "raw_string":
            text = self.text(node)
            return self._shell.lifted.get(text, text[1:-1])
        if kind == "ansi_c_string":
            return ansi_c(self.text(node)[2:-1])
        if kind == "string":
            return self._string(node, level)
        if kind in ("simple_expansion", "expansion"):
            return self._expansion(node, level)
        if kind in ("command_substitution", "process_substitution"):
            return self._substitution(node, level)
        if kind == "array":
            return self._joined(" ", node.named_children, level)
        if kind in ("concatenation", "command_name"):
            return self._joined("", node.children, level)
        for child in node.named_children:  # arithmetic: only what is run inside matters
            self.value(child, level + 1)
        return self.text(node)

    def _joined(self, between: str, nodes: Sequence[Node], level: int) -> str:
        pieces, size = [], 0
        for node in nodes:
            value = self.value(node, level + 1)  # read for what it runs, even if it is not kept
            pieces += [value] if size < MAX_WORD else []
            size += len(value)
        return between.join(pieces)[:MAX_WORD]

    def _split(self, value: str) -> list[str]:
        separators = self._shell.variables.get("IFS", "")
        for sign in separators:
            value = value.replace(sign, " ")
        return value.split() if " " in value or "\n" in value else [value]

    def _string(self, node: Node, level: int) -> str:
        lifted = self._shell.lifted
        if lifted and (text := lifted.get(self.text(node))) is not None:
            return text
        source = self._shell.source
        pieces, at, size = [], node.start_byte + 1, 0
        for child in node.named_children:
            pieces.append(unescaped(source[at : child.start_byte], quoted=True))
            if child.type == "string_content":
                pieces.append(unescaped(self.text(child), quoted=True))
            else:
                pieces.append(self.value(child, level + 1))
            at = child.end_byte
            size += len(pieces[-1])
            if size > MAX_WORD:  # what follows is read for what it runs, and not kept
                pieces = ["".join(pieces)[:MAX_WORD]]
        pieces.append(unescaped(source[at : node.end_byte - 1], quoted=True))
        return "".join(pieces).replace(SPLIT, " ")

    def _expansion(self, node: Node, level: int) -> str:
        names = [
            c for c in node.named_children if c.type in ("variable_name", "special_variable_name")
        ]
        rest = [c for c in node.named_children if c not in names]
        fallback = "".join(self.value(child, level + 1) for child in rest)
        text = self.text(node)
        name = self.text(names[0]) if names else text.strip("${}").partition("[")[0]
        if (line := self._shell.come_from.get(name)) is not None:
            self.substituted.append(line)
        known = self._shell.variables.get(name)
        if rest and rest[0].type == "subscript":
            item = self._shell.variables.get(self.place(rest[0], level))
            if item is not None:
                known, text = item, text.replace(self.text(rest[0]), name, 1)
        if known and rest and _alternative().search(text):
            return fallback
        if known is not None:
            return modified(known, text) if text.startswith("${") else known
        given = _fallback().search(text) if rest else None
        if given is not None:
            if "=" in given.group(1):
                self._shell.assign(name, fallback)
            return fallback
        if name in _KNOWN:
            return _KNOWN[name]
        if self._blank:
            return ""
        return text if _computed().search(text.encode("utf-8", "replace")) else f"${name}"

    def place(self, node: Node, level: int) -> str:
        """The name of what is assigned or asked for; of an array's item `a[x]`, whatever says x."""
        name, index = node.child_by_field_name("name"), node.child_by_field_name("index")
        if name is None or index is None:
            return self.text(node)
        key = self.value(index, level + 1)
        return f"{self.text(name)}[{self._shell.variables.get(key, key)}]"

    def _substitution(self, node: Node, level: int) -> str:
        output = NOTHING
        if len(self.text(node).strip("$()` ")) == 0:  # `r$()m`
            return ""
        for child in node.named_children:
            output = self._statement(child, NOTHING, level + 1)
        if output.line:
            self.substituted.append(output.line)
        if node.type == "process_substitution":
            self.scripts.append(output)
            return "/dev/fd/63"
        if output.text is not None:
            return output.text.strip()
        words = output.line.split()
        if len(words) > 1 and words[0] in _FINDERS:
            is_file = "/" in words[-1] or words[0] in ("readlink", "realpath")
            return words[-1] if is_file else f"/usr/bin/{words[-1]}"
        if words[:1] == ["mktemp"]:
            return "$(mktemp)"
        return "." if words[:1] == ["pwd"] else SUBSTITUTED


@cache
def _computed() -> Any:
    """The whole name of a command, cut or changed out of a variable: `${x:0:2}`, `${x//a/b}`."""
    return re2.compile(rb'^"?\$\{(?:!|\w+(?::\s*[0-9(]|[#%/,^]))[^{}]*\}"?$')


@cache
def _fallback() -> Any:
    """`${x:-value}`, `${x-value}`, `${x:=value}`: what counts while `x` is not set."""
    return re2.compile(r"^\$\{\w+(:?[-=])")


@cache
def _alternative() -> Any:
    """`${x:+value}`: what counts while `x` is set."""
    return re2.compile(r"^\$\{\w+:?\+")


@cache
def _all_words() -> Any:
    """`"$@"` and `"${name[@]}"`, which stay many words in quotes."""
    return re2.compile(rb'^"\$(?:@|\{(?:@|\w+\[@\])\})"$')
