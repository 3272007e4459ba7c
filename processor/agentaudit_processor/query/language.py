"""The query language: `risk:>=high user:alice@* -tool:Bash "drop table"` -> terms and words.

Terms are joined by AND, the values of one term (`a,b`) by OR; a dash before a field or a quote
negates it. In double quotes nothing has a meaning but `\\"` and `\\\\`. A word that holds a colon
names a field, unless it is quoted or an address (`https://…`).
"""

import difflib
import fnmatch
import operator
from collections.abc import Iterator
from dataclasses import dataclass

from agentaudit_processor.model import RiskLevel
from agentaudit_processor.query.terms import ALIASES, CHOICES, LISTS, Field, Pattern, Term

MAX_TERMS = 30
MAX_VALUES = 50
_COMPARISONS = (">=", "<=", ">", "<")


class QueryError(ValueError):
    """The text means nothing. `position` is the first wrong character's, counted from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(f"{message} (character {position + 1})")
        self.message = message
        self.position = position


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryText:
    """What a text asks for: `terms`, and `words` that the summary must (or must not) hold."""

    terms: tuple[Term, ...] = ()
    words: tuple[str, ...] = ()
    words_excluded: tuple[str, ...] = ()
    pieces: tuple[str, ...] = ()
    """The text of each term and word, in order: what a page shows, and takes out again."""


def read_query(text: str) -> QueryText:
    """Read what a person typed.

    Raises:
        QueryError: an unknown field or value, a quote left open, too many terms.
    """
    terms: list[Term] = []
    words: list[str] = []
    excluded: list[str] = []
    pieces: list[str] = []
    for count, token in enumerate(_tokens(text)):
        if count >= MAX_TERMS:
            raise QueryError(f"more than {MAX_TERMS} terms", token.position)
        pieces.append(text[token.position : token.end])
        if token.field is not None:
            terms.append(_term(token))
        else:
            (excluded if token.negated else words).append(token.values[0].text)
    return QueryText(
        terms=tuple(terms),
        words=tuple(words),
        words_excluded=tuple(excluded),
        pieces=tuple(pieces),
    )


# --- text to tokens --------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class _Value:
    text: str
    quoted: bool
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    field: str | None
    values: tuple[_Value, ...]
    negated: bool
    position: int
    end: int


def _tokens(text: str) -> Iterator[_Token]:
    at = _skip_space(text, 0)
    while at < len(text):
        start = at
        negated = text[at] == "-" and _can_be_negated(text, at + 1)
        at += negated
        name = _field_name(text, at)
        values: list[_Value] = []
        if name is None:
            value, at = _value(text, at, stop_at_comma=False)
            values.append(value)
        else:
            at += len(name) + 1
            value, at = _value(text, at, stop_at_comma=True)
            values.append(value)
            while at < len(text) and text[at] == ",":
                value, at = _value(text, at + 1, stop_at_comma=True)
                values.append(value)
        yield _Token(field=name, values=tuple(values), negated=negated, position=start, end=at)
        at = _skip_space(text, at)


def _can_be_negated(text: str, at: int) -> bool:
    """A field or a quote: in `rm -rf`, pasted from somewhere, the dash is part of the word."""
    return text.startswith('"', at) or _field_name(text, at) is not None


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _field_name(text: str, at: int) -> str | None:
    """The letters before a colon; None where none are, or where it is that of an address."""
    end = at
    while end < len(text) and (text[end].isalnum() or text[end] in "_."):
        end += 1
    if end == at or end >= len(text) or text[end] != ":" or text.startswith("://", end):
        return None
    return text[at:end]


def _value(text: str, at: int, *, stop_at_comma: bool) -> tuple[_Value, int]:
    if at < len(text) and text[at] == '"':
        return _quoted(text, at)
    end = at
    while end < len(text) and not text[end].isspace() and not (stop_at_comma and text[end] == ","):
        end += 1
    return _Value(text=text[at:end], quoted=False, position=at), end


def _quoted(text: str, start: int) -> tuple[_Value, int]:
    made: list[str] = []
    at = start + 1
    while at < len(text) and text[at] != '"':
        at += text[at] == "\\" and text[at + 1 : at + 2] in ('"', "\\")
        made.append(text[at])
        at += 1
    if at >= len(text):
        raise QueryError("this quote is not closed", start)
    return _Value(text="".join(made), quoted=True, position=start), at + 1


# --- tokens to terms -------------------------------------------------------------------------
def _term(token: _Token) -> Term:
    field = _field(token)
    if len(token.values) > MAX_VALUES:
        raise QueryError(f"more than {MAX_VALUES} values", token.position)
    patterns: list[Pattern] = []
    for value in token.values:
        if not value.text and not value.quoted:
            raise QueryError(f"“{field.value}:” needs a value", value.position)
        patterns += _choices(field, value) if field in CHOICES else [_pattern(field, value)]
    return Term(field=field, patterns=tuple(dict.fromkeys(patterns)), negated=token.negated)


def _field(token: _Token) -> Field:
    name = (token.field or "").lower()
    if name in ALIASES:
        return ALIASES[name]
    try:
        return Field(name)
    except ValueError:
        known = [field.value for field in Field]
        near = difflib.get_close_matches(name[:40], known, n=1)
        meant = f"did you mean “{near[0]}”? P" if near else "p"
        message = f"unknown field “{name[:40]}”: {meant}ut a text with a colon in quotes"
        raise QueryError(message, token.position + token.negated) from None


def _pattern(field: Field, value: _Value) -> Pattern:
    wild = not value.quoted and "*" in value.text
    if wild and field in LISTS and "*" in value.text.strip("*"):
        raise QueryError(f"“{field.value}:” takes * at either end only", value.position)
    return Pattern(text=value.text, wild=wild)


def _choices(field: Field, value: _Value) -> list[Pattern]:
    """The field's known values that this one means."""
    known = CHOICES[field]
    wanted = value.text.lower()
    if field is Field.RISK and wanted.startswith(_COMPARISONS):
        found = _levels(wanted)
    else:
        found = [choice for choice in known if fnmatch.fnmatchcase(choice, _glob(wanted))]
    if not found:
        message = f"“{value.text[:40]}” is none of {', '.join(known)}"
        raise QueryError(message, value.position)
    return [Pattern(text=choice) for choice in found]


def _levels(wanted: str) -> list[str]:
    sign = next(sign for sign in _COMPARISONS if wanted.startswith(sign))
    try:
        bound = RiskLevel.parse(wanted.removeprefix(sign))
    except ValueError:
        return []
    compare = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}[sign]
    return [level.label for level in RiskLevel if compare(level, bound)]


def _glob(text: str) -> str:
    """`text` for fnmatch with `*` as the only wild card."""
    return text.replace("[", "[[]").replace("?", "[?]")
