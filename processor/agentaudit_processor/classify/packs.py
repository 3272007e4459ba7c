"""The packs that ship: read, checked and put together once for each version of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from agentaudit_processor.classify.kept_rules import keep_rules, kept_rules
from agentaudit_processor.classify.rules import Example, Rule, parse_pack

_PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Packs:
    """All rules, in the order of packs and files; earlier ones win where two claim one text."""

    rules: tuple[Rule, ...]
    own: tuple[Rule, ...] = ()
    """Those of `rules` that the organisation wrote; see `own_packs`."""
    left_out: tuple[str, ...] = ()
    """Own packs that could not be read, in words for the Verdict."""
    version: str
    """Digest of all packs and of the checks that they call: changes whenever a rule finds another
    thing, whether or not somebody thought of the pack's own version."""


@cache
def load_packs() -> Packs:
    """The packs that ship with the package.

    Raises:
        RuleError: one of them is not right.
    """
    texts = _contents("packs", ".yaml")
    version = version_of(texts | _contents("detectors", ".py"))
    rules = kept_rules(version, _ExamplesOf)
    if rules is None:
        names = sorted(texts, key=_claim)
        rules = tuple(rule for name in names for rule in parse_pack(name, texts[name].decode()))
        keep_rules(version, rules)
    return Packs(rules=rules, version=version)


def version_of(contents: Mapping[str, bytes]) -> str:
    """Digest of the packs and of the checks that they call, by the names of their files."""
    told = b"\x00".join(name.encode() + b"\x00" + contents[name] for name in sorted(contents))
    return sha256(told).hexdigest()[:12]


def _contents(folder: str, suffix: str) -> dict[str, bytes]:
    paths = (_PACKAGE / folder).iterdir()
    return {path.name: path.read_bytes() for path in paths if path.suffix == suffix}


def _claim(name: str) -> tuple[int, str]:
    """Of two claims on one text the more exact wins, and secrets, whose mask hides more."""
    order = ("secrets_", "secrets.", "pii")
    return next((at for at, start in enumerate(order) if name.startswith(start)), len(order)), name


class _ExamplesOf(Sequence[Example]):
    """The examples of a rule, read from its pack when somebody asks: a verdict never does."""

    __slots__ = ("_rule_id",)
    __hash__ = None  # type: ignore[assignment]  # as the calls in them have none

    def __init__(self, rule_id: str) -> None:
        self._rule_id = rule_id

    def __len__(self) -> int:
        return len(self._read())

    def __getitem__(self, at):  # type: ignore[no-untyped-def]  # as a tuple does
        return self._read()[at]

    def __iter__(self) -> Iterator[Example]:
        return iter(self._read())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def _read(self) -> Sequence[Example]:
        return _examples_in(f"{self._rule_id.partition('.')[0]}.yaml")[self._rule_id]


@cache
def _examples_in(name: str) -> Mapping[str, Sequence[Example]]:
    text = (_PACKAGE / "packs" / name).read_text("utf-8")
    return {rule.id: rule.examples for rule in parse_pack(name, text)}
