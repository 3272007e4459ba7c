"""Where matches lie: on which Leaf of a Sheet, and which Spans of it are to be replaced by what."""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from agentaudit_processor.classify.engine import Match, TextScanner
from agentaudit_processor.classify.rules import Rule
from agentaudit_processor.classify.sheet import Laid, Leaf, Sheet, Span
from agentaudit_processor.model import Activity, Actor
from agentaudit_processor.redact import digest_of, mask_pii, secret_form

_OWN_TYPES = ("email", "person_name", "username")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A Match and the Leaf that it lies in."""

    rule: Rule
    leaf: Leaf
    start: int
    end: int
    value: str
    masked: tuple[str, int, str] | None


def place(sheet: Sheet, match: Match, activity: Activity, own: Set[str]) -> Placed | None:
    """Where `match` lies, clipped to its Leaf; None if it does not count there."""
    leaf = sheet.leaf_at(match.start)
    if leaf is None or match.end <= leaf.start or leaf.side not in match.rule.sides:
        return None
    if match.rule.actions and activity.action not in match.rule.actions:
        return None
    if is_own(match, leaf, own):
        return None
    start, end, value = max(match.start, leaf.start), min(match.end, leaf.end), match.value
    if (start, end) != (match.start, match.end):
        value = sheet.text[start:end].decode("utf-8", "replace")
    return Placed(
        rule=match.rule, leaf=leaf, start=start, end=end, value=value, masked=match.masked
    )


def is_own(match: Match, leaf: Leaf, own: Set[str]) -> bool:
    """Tell whether `match` names who acted: that is attribution, not what was found."""
    if match.rule.pii and leaf.path.startswith("actor."):
        return True
    return match.rule.pii in _OWN_TYPES and match.value.casefold() in own


def own_names(actor: Actor) -> Set[str]:
    """The names of who acted, as `is_own` compares them."""
    return {name.casefold() for name in (actor.user_email, actor.user_name) if name}


def secret_spans(sheet: Laid, matches: Sequence[Match], key: bytes, *, whole: bool) -> list[Span]:
    """What to put in the place of secrets in clear; `whole` leaves, where rounds did not help."""
    spans: dict[int, Span] = {}
    for match in matches:
        if match.rule.secret is None or match.masked is not None:
            continue
        leaf = sheet.leaf_at(match.start)
        if leaf is None or match.end <= leaf.start or leaf.side not in match.rule.sides:
            continue
        start, end = max(match.start, leaf.start), min(match.end, leaf.end)
        if whole:
            start, end = leaf.start, leaf.end
            spans[start] = Span(start=start, end=end, by="[masked whole: secrets in secrets]")
            continue
        value = sheet.text[start:end].decode("utf-8", "replace")
        by = secret_form(match.rule.secret, len(value), digest_of(value, key))
        spans[start] = Span(start=start, end=end, by=by)
    return [spans[start] for start in sorted(spans)]


def cut(sheet: Laid, spans: Sequence[Span], stop: int) -> list[Span]:
    """`spans` before `stop`, and a note in the place of all text behind it."""
    kept = [span for span in spans if span.end <= stop]
    for leaf in sheet.leaves:
        start = max(leaf.start, stop)
        if start < leaf.end:
            kept.append(Span(start=start, end=leaf.end, by=f"[{leaf.end - start} bytes cut]"))
    return kept


def personal_spans(placed: Sequence[Placed]) -> list[Span]:
    """What to put in the place of personal data."""
    return [
        Span(start=one.start, end=one.end, by=mask_pii(one.rule.pii or "", one.value))
        for one in sorted(placed, key=lambda one: one.start)
    ]


def masked_text(scanner: TextScanner, text: str) -> str:
    """`text` with what is secret or personal in it masked, and what was not scanned left out."""
    raw = text.encode("utf-8", "replace")
    matches, stop, _ = scanner.scan(raw)
    if not matches and stop == len(raw):
        return text if text.isascii() else raw.decode()
    pieces: list[bytes] = []
    at = 0
    for match in sorted(matches, key=lambda one: one.start):
        if (match.rule.secret or match.rule.pii) and match.masked is None:
            pieces += (raw[at : match.start], _mask(match).encode())
            at = match.end
    pieces.append(raw[at : max(at, stop)])
    return b"".join(pieces).decode("utf-8", "replace")


def _mask(match: Match) -> str:
    if match.rule.secret:
        return secret_form(match.rule.secret, len(match.value), digest_of(match.value, b""))
    return mask_pii(match.rule.pii or "", match.value)
