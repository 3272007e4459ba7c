"""What words and expressions of PowerShell stand for, as far as their text tells.

Strings joined by `+`, `-f` and `-join`, variables, `[char]73`, `.Replace('a', 'b')` and base64 that
is decoded are computed: names are hidden so. What is not known keeps its text.

Source: about_Quoting_Rules, about_Operators, about_Automatic_Variables of PowerShell 7.
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence

from agentaudit_processor.classify.powershell.grammar import Node, plainest
from agentaudit_processor.classify.tables import table

UNKNOWN = "$(...)"
"""The output of a command that is not known."""
MAX_VALUE = 8192
MAX_LEVEL = 60
_MAX_ITEMS = 64
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "b": "\b", "e": "\x1b"}
_KNOWN: Mapping[str, str] = {
    "home": "~", "env:userprofile": "~", "env:home": "~", "pwd": ".", "psscriptroot": ".",
    "env:temp": "$TEMP", "env:tmp": "$TMP", "env:systemroot": "C:/Windows",
    "env:windir": "C:/Windows", "env:systemdrive": "C:", "env:programfiles": "C:/Program Files",
    "env:programdata": "C:/ProgramData", "env:appdata": "~/AppData/Roaming",
    "env:localappdata": "~/AppData/Local", "env:comspec": "cmd.exe", "env:username": "user",
    "true": "$true", "false": "$false", "null": "", "shellid": "Microsoft.PowerShell",
}  # fmt: skip


class Values:
    """Computes values.

    `run` reads a pipeline in parentheses and gives its output, if known; `note` is told of every
    method that is called: subject, name in lower case, arguments.
    """

    def __init__(
        self,
        run: Callable[[Node, int], str | None],
        note: Callable[[str, str, Sequence[str]], None],
    ) -> None:
        self.variables: dict[str, list[str]] = {}
        self.source = ""
        self._run = run
        self._note = note

    def text(self, node: Node) -> str:
        """The text of `node`."""
        return self.source[node.start_byte : node.end_byte]

    def value(self, node: Node, level: int) -> str:
        """The one value of `node`."""
        return " ".join(self.values(node, level))[:MAX_VALUE]

    def values(self, node: Node, level: int) -> list[str]:
        """The values of `node`: more than one for an array."""
        node = plainest(node)
        if level > MAX_LEVEL:
            return [self.text(node)[:MAX_VALUE]]
        kind = node.type.replace("_argument_expression", "_expression")
        computed = _KINDS.get(kind)
        if computed is not None:
            of_kind: Callable[[Node, int], list[str]] = getattr(self, computed)
            return of_kind(node, level + 1)
        if kind in _PLAIN:
            return [unescaped(self.text(node))]
        inner = [value for child in node.named_children for value in self.values(child, level + 1)]
        return [UNKNOWN if UNKNOWN in inner else self.text(node)[:MAX_VALUE]]

    # --- literals --------------------------------------------------------------------------

    def _verbatim(self, node: Node, _level: int) -> list[str]:
        text = self.text(node)
        if text.startswith("@'"):
            return [text[2:-2].strip("\r\n")]
        return [text[1:-1].replace("''", "'")]

    def _expandable(self, node: Node, level: int) -> list[str]:
        if self.text(node).startswith('@"'):
            return [self.bare(node, level, 2).strip("\r\n")]
        return [self.bare(node, level, 1).replace('""', '"')]

    def bare(self, node: Node, level: int, edge: int = 0) -> str:
        """The text of `node` with its variables filled in, without `edge` signs of quotes."""
        pieces, at = [], node.start_byte + edge
        for child in node.named_children:
            pieces.append(unescaped(self.source[at : child.start_byte]))
            pieces.append(self.value(child, level))
            at = child.end_byte
        pieces.append(unescaped(self.source[at : node.end_byte - edge]))
        return "".join(pieces)

    def _variable(self, node: Node, _level: int) -> list[str]:
        name = self.text(node).strip("${}@").lower().removeprefix("global:").removeprefix("script:")
        if name in self.variables:
            return self.variables[name]
        return [_KNOWN.get(name, self.text(node))]

    # --- operators -------------------------------------------------------------------------

    def _sum(self, node: Node, level: int) -> list[str]:
        values = [self.value(child, level) for child in node.named_children]
        minus = any(child.type == "-" for child in node.children)
        return [self.text(node)] if minus else ["".join(values)[:MAX_VALUE]]

    def _format(self, node: Node, level: int) -> list[str]:
        operands = [child for child in node.named_children if child.type != "format_operator"]
        if len(operands) != 2:
            return [self.text(node)]
        text, items = self.value(operands[0], level), self.values(operands[1], level)
        for at, item in enumerate(items[:_MAX_ITEMS]):
            text = text.replace(f"{{{at}}}", item)
        return [text[:MAX_VALUE]]

    def _compare(self, node: Node, level: int) -> list[str]:
        operator = next(
            (self.text(c).lower() for c in node.named_children if c.type == "comparison_operator"),
            "",
        )
        sides = [c for c in node.named_children if c.type != "comparison_operator"]
        values = [self.values(side, level) for side in sides]
        if operator.endswith("join") and values:
            return [(values[1][0] if len(values) > 1 and values[1] else "").join(values[0])]
        if operator.endswith("replace") and len(values) > 1 and values[1]:
            return [one.replace(values[1][0], "".join(values[1][1:2])) for one in values[0]]
        return [self.text(node)]

    def _array(self, node: Node, level: int) -> list[str]:
        parts = (value for child in node.named_children for value in self.values(child, level))
        return [value for value, _ in zip(parts, range(_MAX_ITEMS), strict=False)]

    def _unary(self, node: Node, level: int) -> list[str]:
        """`[char]73`, `[string]$x`, `-join (…)`."""
        type_, operand = "", None
        for child in node.named_children:
            if child.type in ("type_literal", "cast_expression"):
                type_ = self.text(child).strip("[] ").lower()
            else:
                operand = child
        if operand is None:
            cast = plainest(node)
            return [self.text(cast)]
        values = self.values(operand, level)
        if type_.startswith("char") and all(v.strip().isdigit() for v in values):
            return [chr(min(int(v), 0x10FFFF)) for v in values]
        if self.text(node).lower().startswith("-join"):
            return ["".join(values)]
        return values if type_ else [self.text(node)]

    def _block(self, node: Node, level: int) -> list[str]:
        for child in node.named_children:
            self._run(child, level)
        return ["{...}"]

    # --- calls -----------------------------------------------------------------------------

    def _parenthesized(self, node: Node, level: int) -> list[str]:
        inner = [child for child in node.named_children if child.type != "comment"]
        if len(inner) == 1 and not has_command(inner[0]):
            return self.values(inner[0], level)
        output = None
        for child in inner:
            output = self._run(child, level)
        return [output if output is not None else UNKNOWN]

    def _member(self, node: Node, level: int) -> list[str]:
        """`$_.FullName`, `(iwr …).Content`: what a file or an answer stands for is itself."""
        subject, *rest = node.named_children
        values = self.values(subject, level)
        name = self.text(rest[-1]).lower() if rest else ""
        return values if UNKNOWN in values or name in _ITSELF else [self.text(node)[:MAX_VALUE]]

    def _called(self, node: Node, level: int) -> list[str]:
        """`'aXb'.Replace('X', '')`, `[Convert]::FromBase64String('…')`."""
        subject, name, arguments = self._call(node, level)
        self._note(subject, name, arguments)
        value = _of_text(subject, name, arguments)
        if value is not None:
            return [value[:MAX_VALUE]]
        return [UNKNOWN if UNKNOWN in (subject, *arguments) else self.text(node)[:MAX_VALUE]]

    def _call(self, node: Node, level: int) -> tuple[str, str, list[str]]:
        """Subject, name (in lower case) and arguments of a method that is called."""
        subject, name, arguments = "", "", []
        for child in node.named_children:
            if child.type == "member_name":
                name = self.value(child, level).lower()
            elif child.type == "argument_list":
                listed = child.named_children[0].named_children if child.named_children else []
                arguments = [v for c in listed[:_MAX_ITEMS] for v in self.values(c, level)]
            else:
                subject = self.value(child, level)
        return subject, name, arguments


_PLAIN = table(
    """
    generic_token command_parameter command_name simple_name member_name path_command_name_token
    path_command_name verbatim_command_argument type_literal type_name decimal_integer_literal
    hexadecimal_integer_literal real_literal redirected_file_name function_name type_identifier
    """
)
_KINDS: Mapping[str, str] = {
    "verbatim_string_characters": "_verbatim",
    "verbatim_here_string_characters": "_verbatim",
    "expandable_string_literal": "_expandable",
    "expandable_here_string_literal": "_expandable",
    "variable": "_variable",
    "braced_variable": "_variable",
    "additive_expression": "_sum",
    "format_expression": "_format",
    "comparison_expression": "_compare",
    "array_literal_expression": "_array",
    "expression_with_unary_operator": "_unary",
    "cast_expression": "_unary",
    "parenthesized_expression": "_parenthesized",
    "script_block_expression": "_block",
    "sub_expression": "_parenthesized",
    "array_expression": "_parenthesized",
    "invokation_expression": "_called",
    "member_access": "_member",
}


_ITSELF = table("fullname name path pspath value content text length tostring")


def _of_text(  # noqa: PLR0911  one return a method
    subject: str, name: str, arguments: Sequence[str]
) -> str | None:
    """What a method of strings gives; None for any other."""
    if name == "replace" and len(arguments) == 2:
        return subject.replace(arguments[0], arguments[1])
    if name == "frombase64string" and arguments:
        return _from_base64(arguments[0])
    if name == "getstring" and arguments:
        return arguments[0]
    if name in ("tolower", "toupper"):
        return subject.lower() if name == "tolower" else subject.upper()
    if name == "join" and len(arguments) > 1:
        return arguments[0].join(arguments[1:])
    if name in ("concat", "combine"):
        return ("/" if name == "combine" else "").join(arguments)
    return subject if name in ("tostring", "trim", "invoke", "tochararray") else None


def unescaped(text: str) -> str:
    """`text` without its backticks: `` Re`move-Item `` is Remove-Item."""
    if "`" not in text:
        return text
    signs, at = [], 0
    while at < len(text):
        if text[at] == "`" and at + 1 < len(text):
            at += 1
            # in a name a letter behind a backtick is itself; only in a text it is a tab or a line
            signs.append(_ESCAPES.get(text[at], text[at]) if " " in text else text[at])
        elif text[at] != "`":
            signs.append(text[at])
        at += 1
    return "".join(signs)


def has_command(node: Node) -> bool:
    """Tell whether `node` runs a command, or is an expression alone."""
    if node.type in ("pipeline", "pipeline_chain", "statement_list"):
        inner = node.named_children
        return len(inner) > 1 or any(has_command(child) for child in inner)
    return node.type == "command" or bool(node.type.endswith("_statement"))


def _from_base64(text: str) -> str:
    """The text of base64; UTF-16 where every second byte is null, as PowerShell encodes."""
    try:
        raw = base64.b64decode(text.strip() + "==", validate=False)
    except (binascii.Error, ValueError):
        return text
    return decoded(raw)


def decoded(raw: bytes) -> str:
    """`raw` as text: UTF-16LE where every second byte is null, else UTF-8."""
    wide = len(raw) > 1 and raw[1::2].count(0) * 2 > len(raw[1::2])
    return raw.decode("utf-16-le" if wide else "utf-8", "replace")[:MAX_VALUE]


def joined(words: Sequence[str]) -> str:
    """`words` as a line of a Deed."""
    return " ".join(w.replace(" ", "\u00a0").replace("\n", "\u00a0") or "''" for w in words)
