"""The state of a shell while its script is read, and what was done up to there.

A file that the script wrote is kept in mind, so that running it later is known for what it is:
`curl … > f; sh f`, `cp /bin/rm x; ./x`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from agentaudit_processor.classify.deeds import MAX_DEEDS, Access, Deed, DeedKind, Scope
from agentaudit_processor.classify.paths import clean, scope_of
from agentaudit_processor.classify.shell.grammar import Node
from agentaudit_processor.classify.shell.signs import has_sign
from agentaudit_processor.classify.shell.thinning import shortened
from agentaudit_processor.classify.tables import table

MAX_NESTED_SHELLS = 12
_MAX_FILES = 50
_MAX_ITEMS = 20
"""Of an array that can be asked for by a computed index."""
_MAX_TEXT = 16 * 1024
_MAX_VALUE = 4096
_MAX_THINNED = 12
_MANY_LONG = "More long values are set than are kept whole"
MAX_WORD = 8 * 1024
MAX_LINE = 32 * 1024
_CROWDED = MAX_DEEDS // 2
_MANY_PATHS = 60
_MAX_STEPS = 600
_TRIVIAL = table("echo true false : printf cd pwd ls test [ sleep cat head tail wc grep date id")
_OWN_SCOPES = (Scope.PROJECT, Scope.BUILD, Scope.TEMP)
_HARMLESS = (Access.READ, Access.USE, Access.WRITE, Access.APPEND)
MAX_WORDS = 500
"""Of one command. `x=$x$x` a hundred times over must not fill the memory."""

SPLIT = "\x1e"
"""Stands for `$IFS`: where it is not quoted, a word ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What a command prints, or reads."""

    text: str | None = None
    """None where it is not known."""
    line: str = ""
    """The commands that make it, joined by ` | `."""

    def __bool__(self) -> bool:
        return self.text is not None or bool(self.line)


NOTHING = Output()


@dataclass(slots=True, kw_only=True)
class Function:
    """A function that the script defines."""

    body: Node
    source: str
    called: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file that the script made: what is in it, or of which program it is a copy."""

    content: Output = NOTHING
    program: str = ""


@dataclass(slots=True, kw_only=True)
class Shell:
    """A shell's variables, functions, aliases, files and directory, and the Deeds so far."""

    base: str | None
    """The session's directory: what lies below it is the project."""
    cwd: str | None
    """Where the shell is by now: `cd` moves it."""
    deeds: list[Deed] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    files: dict[str, Written] = field(default_factory=dict)
    """By path, as `clean` gives it."""
    come_from: dict[str, str] = field(default_factory=dict)
    """By variable, the commands whose output it holds, where that is not known."""
    remotes: dict[str, str] = field(default_factory=dict)
    """Git remotes that the script set up: name and address."""
    depth: int = 0
    steps: int = 0
    """Commands read so far: a function that calls itself twice must not cost seconds."""
    alone: int = 0
    """Statements parsed each for itself so far, for what is around them could not be."""
    thinned: int = 0
    """Values and files that were too long to be kept whole so far."""
    privileged: bool = False
    source: str = ""
    """The script now being read."""
    _known: set[Deed] = field(default_factory=set)
    """Those of `deeds`, once there are many."""
    lifted: dict[str, str] = field(default_factory=dict)
    """What the marks in `source` stand for."""

    @property
    def is_full(self) -> bool:
        """Whether no more is read."""
        return len(self.deeds) >= MAX_DEEDS or self.steps > _MAX_STEPS

    @property
    def is_crowded(self) -> bool:
        """Whether only what is new and has a sign of harm is kept."""
        return len(self.deeds) >= _CROWDED

    @property
    def is_bare(self) -> bool:
        """Whether the script has made nothing yet by which a command could mean something else."""
        return not (self.functions or self.aliases or self.files or self.remotes)

    def _has_room(self, deed: Deed) -> bool:
        """Whether `deed` is kept: where there are many, only what is new and has a sign of harm."""
        if len(self.deeds) < _CROWDED or deed.kind is DeedKind.UNREAD or self.is_full:
            return not self.is_full
        if not self._known:
            self._known.update(self.deeds)
        if deed in self._known or _is_trivial(deed):
            return False
        self._known.add(deed)
        return True

    def _append(self, deed: Deed) -> None:
        if self._has_room(deed):
            self.deeds.append(deed)

    def add(self, kind: DeedKind, text: str, *, verb: str = "") -> None:
        """Take note of something done."""
        self._append(Deed(kind=kind, text=text, verb=verb, privileged=self.privileged))

    def assign(self, name: str, value: str) -> None:
        """Set a variable; a value that grew beyond all use is cut."""
        self.variables[name] = self._shortened(value, _MAX_VALUE)

    def _shortened(self, text: str, limit: int) -> str:
        """`text`; one that is too long without what is needless, of very many head and tail."""
        if len(text) <= limit:
            return text
        self.thinned += 1
        if self.thinned <= _MAX_THINNED:
            return shortened(text, limit)
        if self.thinned == _MAX_THINNED + 1:
            self.unread(_MANY_LONG)
        return f"{text[: limit // 2]}\n{text[1 - limit // 2 :]}"

    def assign_items(self, name: str, words: Sequence[str]) -> list[str]:
        """Set the items of an array, those with a key (`[x]=rm`) too; their values."""
        values = []
        for at, word in enumerate(words[:MAX_WORDS]):
            key, keyed, value = word[1:].partition("]=") if word[:1] == "[" else ("", "", "")
            values.append(value if keyed else word)
            if at < _MAX_ITEMS:
                self.assign(f"{name}[{key if keyed else at}]", values[-1])
        return values

    def give(self, arguments: Sequence[str]) -> None:
        """Set `$1` and what follows."""
        for at, word in enumerate(arguments[:MAX_WORDS], start=1):
            self.assign(str(at), word)
        whole = " ".join(arguments)
        self.assign("@", whole)
        self.assign("*", whole)

    def unread(self, why: str) -> None:
        """Take note that something could not be read."""
        self.add(DeedKind.UNREAD, why)

    def touch_all(self, touched: Iterable[tuple[Access, str]]) -> None:
        """Take note of what one command touches; of very many, what is not its own first."""
        paths = list(dict.fromkeys(touched))
        if len(paths) > _MANY_PATHS:
            paths.sort(key=lambda one: self._is_own(one[1]))
        for access, path in paths[:_MANY_PATHS]:
            self.touch(access, path)

    def _is_own(self, path: str) -> bool:
        return scope_of(clean(path, self.cwd), self.base) in _OWN_SCOPES

    def touch(self, access: Access, path: str) -> None:
        """Take note that `path` is read, written or deleted."""
        cleaned = clean(path, self.cwd)
        scope = scope_of(cleaned, self.base)
        self._append(
            Deed(
                kind=DeedKind.TOUCH,
                text=cleaned,
                access=access,
                scope=scope,
                privileged=self.privileged,
            )
        )

    def write(self, path: str, content: Output, *, append: bool = False) -> None:
        """Keep in mind what `path` now holds."""
        where = clean(path, self.cwd)
        before = self.files.get(where)
        if append and before is not None and before.content.text is not None:
            text = f"{before.content.text}\n{content.text or ''}"
            content = Output(text=text, line=before.content.line or content.line)
        kept = self._shortened(content.text, _MAX_TEXT) if content.text is not None else None
        self._keep(where, Written(content=Output(text=kept, line=content.line)))

    def copy(self, path: str, to: str) -> None:
        """Keep in mind that `to` is the same as `path`."""
        copied = self.written(path) or Written(program=path.rpartition("/")[2])
        self._keep(clean(to, self.cwd), copied)

    def _keep(self, where: str, written: Written) -> None:
        """Keep a file in mind; of very many the last."""
        self.files.pop(where, None)
        if len(self.files) >= _MAX_FILES:
            del self.files[next(iter(self.files))]
        self.files[where] = written

    def written(self, path: str) -> Written | None:
        """The file at `path`, if the script made it."""
        return self.files.get(clean(path, self.cwd)) if self.files else None


def _is_trivial(deed: Deed) -> bool:
    """Tell whether a Deed need not be kept where there are very many."""
    if deed.kind is DeedKind.TOUCH:
        return deed.scope in _OWN_SCOPES and deed.access in _HARMLESS
    if deed.kind is DeedKind.PIPELINE:
        return all(part.partition(" ")[0] in _TRIVIAL for part in deed.text.split(" | "))
    if deed.kind is not DeedKind.COMMAND:
        return False
    return deed.text.partition(" ")[0] in _TRIVIAL or not has_sign(deed.text)


def program_of(argv: Sequence[str]) -> str:
    """The name of the program, without its folder."""
    return argv[0].rpartition("/")[2] if argv else ""


def inner(word: str) -> str:
    """`word` as it stands in the line of a Deed.

    A space inside a word is no border between words: rules see it as a no-break space.
    """
    return word.replace(" ", "\u00a0").replace("\n", "\u00a0") if word else "''"
