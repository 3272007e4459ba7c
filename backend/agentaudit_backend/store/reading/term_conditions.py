"""Term -> SQL, on `event` or, for what the counts by hour and day know, on those."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, false, func, not_, or_, true
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from agentaudit_backend.store.profiles import PII, RULE, SECRET, SIGNAL
from agentaudit_backend.store.reading.profile_conditions import (
    CONTROLS,
    PROFILE_TAGS,
    profiles_of_controls,
    profiles_where,
)
from agentaudit_backend.store.rows import name_of
from agentaudit_backend.store.tables import RARE, Event, table_of
from agentaudit_backend.store.values import storable
from agentaudit_processor.model import Action, EventKind, RiskLevel
from agentaudit_processor.query.terms import LATE, NONE, Field, Pattern, Term

_EVENTS = table_of(Event)
_ESCAPE = "\\"
_FILE_ACTIONS = (Action.FILE_READ, Action.FILE_WRITE, Action.FILE_EDIT, Action.FILE_SEARCH)

_SORT_COLUMNS: Final[Mapping[Field, str]] = {
    Field.DECISION: "decision",
    Field.ACTION: "action",
    Field.KIND: "kind",
    Field.USER: "user_label",
    Field.AGENT: "agent",
    Field.HOST: "host",
    Field.TOOL: "tool",
}
"""Text columns that Events and their counts both have."""

_OF_PROFILE: Final[Mapping[Field, str]] = {
    Field.RULE: RULE,
    Field.PII: PII,
    Field.SECRET: SECRET,
    Field.SIGNAL: SIGNAL,
}
_OF_CONTROLS: Final = (Field.FRAMEWORK, Field.CONTROL)

_NAME_COLUMNS: Final[Mapping[Field, str]] = {
    Field.OUTCOME: "outcome",
    Field.SESSION: "session_id",
    Field.CWD: "cwd",
    Field.ENV: "environment",
    Field.DESTINATION: "destination",
    Field.ID: "event_id",
}


Columns = ReadOnlyColumnCollection[str, ColumnElement[Any]]


def is_of_sort(term: Term) -> bool:
    """Tell whether the counts know what `term` speaks of."""
    known = term.field in _SORT_COLUMNS or term.field in _OF_PROFILE
    return known or term.field is Field.RISK or term.field in _OF_CONTROLS


def sort_condition(columns: Columns, term: Term) -> ColumnElement[bool]:
    """The condition of a term `is_of_sort`; `columns` are those of Events or of a count."""
    found = or_(*(_of_sort(columns, term.field, pattern) for pattern in term.patterns))
    return not_(func.coalesce(found, false())) if term.negated else found


def _of_sort(columns: Columns, field: Field, pattern: Pattern) -> ColumnElement[bool]:
    if field is Field.RISK:
        return columns.risk == int(RiskLevel.parse(pattern.text))
    if field in _SORT_COLUMNS:
        return _meets(columns[_SORT_COLUMNS[field]], pattern)
    if field in _OF_CONTROLS:
        return _of_control(columns, field, pattern)
    if field is Field.PII and (pattern.is_any or _is_none(pattern)):
        return columns.has_pii.is_(pattern.is_any)
    return _of_profile(columns, _OF_PROFILE[field], pattern)


def event_condition(term: Term) -> ColumnElement[bool]:
    """The condition of any term, on `event`."""
    if is_of_sort(term):
        return sort_condition(_EVENTS.c, term)
    read = _READERS.get(term.field)
    if read is None:
        column = _EVENTS.c[_NAME_COLUMNS[term.field]]
        found = or_(*(_meets(column, pattern) for pattern in term.patterns))
    else:
        found = or_(*(read(term.field, pattern) for pattern in term.patterns))
    # NULL is neither: without the value there is nothing that could be excluded
    return not_(func.coalesce(found, false())) if term.negated else found


def word_condition(word: str) -> ColumnElement[bool]:
    """The summary holds `word`, in any case."""
    return _EVENTS.c.search.contains(storable(word).casefold(), autoescape=True)


def _meets(column: ColumnElement[Any], pattern: Pattern) -> ColumnElement[bool]:
    """Names are compared as they are; with a wild card, in any case of ASCII letters."""
    if pattern.is_any:
        return and_(column.is_not(None), column != "")
    if not pattern.wild:
        return column == name_of(pattern.text)
    return func.lower(column).like(_like(pattern).lower(), escape=_ESCAPE)


def _like(pattern: Pattern) -> str:
    """`pattern` for LIKE."""
    text = storable(pattern.text).replace(_ESCAPE, _ESCAPE * 2)
    text = text.replace("%", _ESCAPE + "%").replace("_", _ESCAPE + "_")
    return text.replace("*", "%") if pattern.wild else text


def _is_none(pattern: Pattern) -> bool:
    return not pattern.wild and pattern.text.lower() == NONE


def _of_profile(columns: Columns, kind: str, pattern: Pattern) -> ColumnElement[bool]:
    """A profile that has the thing; in any case of letters, but for the ids of rules."""
    value = PROFILE_TAGS.c.value
    if kind == RULE:
        return columns.profile.in_(profiles_where(kind, _meets(value, pattern)))
    if _is_none(pattern):
        return columns.profile.not_in(profiles_where(kind, true()))
    meets = true() if pattern.is_any else _alike(value, pattern)
    return columns.profile.in_(profiles_where(kind, meets))


def _alike(column: ColumnElement[Any], pattern: Pattern) -> ColumnElement[bool]:
    return func.lower(column).like(_like(pattern).lower(), escape=_ESCAPE)


def _of_control(columns: Columns, field: Field, pattern: Pattern) -> ColumnElement[bool]:
    column = CONTROLS.c.framework if field is Field.FRAMEWORK else CONTROLS.c.key
    return columns.profile.in_(profiles_of_controls(_meets(column, pattern)))


def _of_command(_field: Field, pattern: Pattern) -> ColumnElement[bool]:
    """A shell command that holds the text; its summary is the command."""
    return and_(_acts(Action.SHELL_COMMAND), _in_summary(f"%{_like(pattern)}%"))


def _of_path(_field: Field, pattern: Pattern) -> ColumnElement[bool]:
    """A file: the whole path, or the end of one; its summary is the path as seen from `cwd`."""
    path = _like(pattern)
    whole = func.lower(_EVENTS.c.cwd + "/" + _EVENTS.c.search)
    return and_(
        _acts(*_FILE_ACTIONS),
        or_(
            _in_summary(path),
            _in_summary(f"%/{path.lstrip('/')}"),
            func.coalesce(whole.like(path.casefold(), escape=_ESCAPE), false()),
        ),
    )


def _of_repository(_field: Field, pattern: Pattern) -> ColumnElement[bool]:
    """The repository's name, in any case."""
    if pattern.is_any:
        return _EVENTS.c.repo.is_not(None)
    return _alike(_EVENTS.c.repo, pattern)


def _of_standing(_field: Field, pattern: Pattern) -> ColumnElement[bool]:
    """How its record came: in the words of the small indexes, so that they serve it."""
    if pattern.text == LATE:
        return and_(RARE["event_replayed"])
    return and_(RARE["event_unfinished"], _EVENTS.c.kind == EventKind.TOOL_CALL.value)


def _acts(*actions: Action) -> ColumnElement[bool]:
    return _EVENTS.c.action.in_([action.value for action in actions])


def _in_summary(like: str) -> ColumnElement[bool]:
    return _EVENTS.c.search.like(like.casefold(), escape=_ESCAPE)


_READERS: Final[Mapping[Field, Callable[[Field, Pattern], ColumnElement[bool]]]] = {
    Field.IS: _of_standing,
    Field.CMD: _of_command,
    Field.PATH: _of_path,
    Field.REPO: _of_repository,
}
