"""The first pass: which of many patterns occur in a text, asked of one automaton.

By hyperscan where its compiled database is kept from before, else by RE2, with the same answers.
An RE2 set builds its states while it reads: the first hundred texts cost it 100 us each, and every
text of a new sort some. A database costs a second or two to compile, so no call ever waits for
that: a process that lasts calls `speed_up` in a quiet moment, and the next text is read by it.

No backtracking engine ever sees an agent's text: both need time in proportion to its length.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any, Protocol

from agentaudit_processor.classify import hyperscan_pass
from agentaudit_processor.classify.patterns import pattern_set

_FEW = 16
"""So few patterns are no work for RE2 either."""


class FirstPass(Protocol):
    """Tells which patterns occur in a text; any thread may ask."""

    @property
    def is_swift(self) -> bool:
        """True where `speed_up` has nothing to add."""
        ...

    def candidates(self, text: bytes) -> Collection[int]:
        """Indices of the patterns that occur, each once, in any order."""
        ...

    def speed_up(self) -> None:
        """Do what takes long and makes `candidates` faster; the answers stay the same."""
        ...


_LARGE: list["SwitchingFirstPass"] = []
"""Those with an engine of their own."""


@lru_cache(maxsize=64)
def first_pass(patterns: tuple[str, ...]) -> FirstPass:
    """The FirstPass for RE2 `patterns`; all that ask in one process share it.

    Who asks for those of another and at most as many again (the rules that ship, and those of an
    organisation) shares the engine of the other.
    """
    if len(patterns) <= _FEW:
        return Re2FirstPass(patterns)
    wanted = set(patterns)
    for known in _LARGE:
        if wanted.issuperset(known.patterns) and len(wanted) <= 2 * len(known.patterns):
            return WidenedFirstPass(known, patterns)
    made = SwitchingFirstPass(patterns)
    _LARGE.append(made)
    return made


class Re2FirstPass:
    """A FirstPass by one RE2 automaton, made when it is first asked."""

    is_swift = True

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = patterns
        self._automaton: Any = None

    def candidates(self, text: bytes) -> Collection[int]:
        """Indices of the patterns that occur, each once, in any order."""
        if not self._patterns:
            return ()
        if self._automaton is None:
            self._automaton = pattern_set(self._patterns)
        return self._automaton.Match(text) or ()

    def speed_up(self) -> None:
        """Nothing: few patterns."""


class WidenedFirstPass:
    """A FirstPass that has one for most of its patterns, and RE2 for the rest."""

    def __init__(self, most: "SwitchingFirstPass", patterns: Sequence[str]) -> None:
        self._most = most
        places: dict[str, list[int]] = {}
        for at, pattern in enumerate(patterns):
            places.setdefault(pattern, []).append(at)
        self._places = [places[pattern] for pattern in most.patterns]
        known = set(most.patterns)
        self._further = [at for at, pattern in enumerate(patterns) if pattern not in known]
        self._rest = Re2FirstPass([patterns[at] for at in self._further])

    @property
    def is_swift(self) -> bool:
        """As the one for most is."""
        return self._most.is_swift

    def candidates(self, text: bytes) -> Collection[int]:
        """Indices of the patterns that occur, each once, in any order."""
        found = {at for known in self._most.candidates(text) for at in self._places[known]}
        found.update(self._further[at] for at in self._rest.candidates(text))
        return found

    def speed_up(self) -> None:
        """That of the one for most."""
        self._most.speed_up()


class SwitchingFirstPass:
    """A FirstPass by RE2 until there is a hyperscan database."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self.patterns = self._patterns = tuple(patterns)
        database = hyperscan_pass.kept_database(self._patterns)
        self._engine: _Joint | Re2FirstPass = (
            Re2FirstPass(self._patterns) if database is None else _Joint(self._patterns, database)
        )

    @property
    def is_swift(self) -> bool:
        """True once hyperscan answers."""
        return isinstance(self._engine, _Joint)

    def candidates(self, text: bytes) -> Collection[int]:
        """Indices of the patterns that occur, each once, in any order."""
        return self._engine.candidates(text)

    def speed_up(self) -> None:
        """Compile the database where it is missing: a second or two, in a process of its own."""
        if self.is_swift:
            return
        database = hyperscan_pass.compiled_database(self._patterns)
        if database is not None:
            self._engine = _Joint(self._patterns, database)


class _Joint:
    """A hyperscan database, and RE2 for the patterns that hyperscan cannot do."""

    def __init__(self, patterns: Sequence[str], database: hyperscan_pass.Database) -> None:
        self._database = database
        self._everywhere = [at for at, pattern in enumerate(patterns) if not pattern]
        self._left_out = [at for at in database.left_out if patterns[at]]
        self._rest = Re2FirstPass([patterns[at] for at in self._left_out])

    def candidates(self, text: bytes) -> Collection[int]:
        found = self._database.scan(text)
        found += self._everywhere
        if self._left_out:
            found += [self._left_out[at] for at in self._rest.candidates(text)]
        return found
