"""Redirections of one statement: what it reads, which files it writes, what stands behind them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agentaudit_processor.classify.deeds import Access
from agentaudit_processor.classify.shell.expansion import Expansion
from agentaudit_processor.classify.shell.grammar import Node
from agentaudit_processor.classify.shell.startup import is_startup_file
from agentaudit_processor.classify.shell.state import Output, Shell

_NOWHERE = ("/dev/null", "-", "/dev/stdout", "/dev/stderr")
_REDIRECTS = {"<": Access.READ, ">>": Access.APPEND, "&>>": Access.APPEND}


@dataclass(slots=True, kw_only=True)
class Redirected:
    """What the redirections of a statement come to."""

    stdin: Output
    written: list[tuple[str, bool]] = field(default_factory=list)
    """Files that get the output, and whether it is appended."""
    started: list[str] = field(default_factory=list)
    """Files of a shell's start that the output is appended to."""
    read: list[str] = field(default_factory=list)
    """Files that it reads: what it does with them stands in its own Deed, before theirs."""
    later: list[Node] = field(default_factory=list)
    """`cat <<EOF | sh`: the grammar hangs the rest of the line under the heredoc."""
    behind: list[str] = field(default_factory=list)
    """`git checkout >log -- file`: it hangs the rest of the words under the redirection."""


class Redirects:
    """Reads redirections for a shell."""

    def __init__(self, shell: Shell, expansion: Expansion) -> None:
        self._shell = shell
        self._expansion = expansion

    def read(self, nodes: Sequence[Node], stdin: Output, level: int) -> Redirected:
        """What `nodes`, of a statement that gets `stdin`, come to."""
        found = Redirected(stdin=stdin)
        for node in nodes:
            if node.type == "heredoc_redirect":
                at = len(self._expansion.substituted)
                text = self._heredoc(node, level)
                found.stdin = Output(text=text, line=self._line_since(at))
                for within in node.named_children:
                    if within.type == "file_redirect":
                        self._file(within, found, level)
                    elif not within.type.startswith("heredoc"):
                        found.later.append(within)
            elif node.type == "herestring_redirect":
                found.stdin = self.herestring(node, level)
            elif node.type.endswith("redirect"):
                found.stdin = self._input(node, level) or found.stdin
                self._file(node, found, level)
        return found

    def herestring(self, node: Node, level: int) -> Output:
        """The text of `<<< words`."""
        at = len(self._expansion.substituted)
        words = [word for c in node.named_children for word in self._expansion.words(c, level)]
        return Output(text=" ".join(words), line=self._line_since(at))

    def _line_since(self, at: int) -> str:
        """The command whose output came into the text that was read since."""
        lines = self._expansion.substituted[at:]
        return lines[-1] if lines else ""

    def _heredoc(self, node: Node, level: int) -> str:
        for child in node.named_children:
            if child.type == "heredoc_body":
                for within in child.named_children:
                    self._expansion.words(within, level + 1)
                text = self._expansion.text(child)
                return self._shell.lifted.get(text.strip(), text)
        return ""

    def _input(self, node: Node, level: int) -> Output | None:
        """What `< path` gives, where the script wrote the file itself."""
        if not any(child.type == "<" for child in node.children):
            return None
        outer = len(self._expansion.scripts)
        for child in node.children_by_field_name("destination"):
            for path in self._expansion.words(child, level + 1):
                if path == "/dev/fd/63" and len(self._expansion.scripts) > outer:
                    return self._expansion.scripts[-1]  # `sh < <(curl …)`
                known = self._shell.written(path)
                if known is not None:
                    return known.content
        return None

    def _file(self, node: Node, found: Redirected, level: int) -> None:
        operator = next((c.type for c in node.children if not c.is_named), ">")
        destination, *behind = node.children_by_field_name("destination") or [None]
        if destination is not None:
            for path in self._expansion.words(destination, level + 1):
                if not path.isdigit() and path not in _NOWHERE:
                    access = _REDIRECTS.get(operator, Access.WRITE)
                    if access is Access.APPEND and is_startup_file(path):
                        found.started.append(path)  # what is added to it decides
                    elif access is Access.READ:
                        found.read.append(path)
                    else:
                        self._shell.touch(access, path)
                    if access is not Access.READ:
                        found.written.append((path, access is Access.APPEND))
        found.behind += [
            word for child in behind for word in self._expansion.words(child, level + 1)
        ]
