"""Term -> SQL, on `event` or, for what the hours' counts know, on `rollup_hour`."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Text,
    and_,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    type_coerce,
)

from agentaudit_backend.store.rows import name_of
from agentaudit_backend.store.tables import (
    Control,
    Event,
    EventControl,
    EventFinding,
    table_of,
)
from agentaudit_backend.store.types import storable
from agentaudit_processor.model import Action, RiskLevel
from agentaudit_processor.query.terms import NONE, Field, Pattern, Term

_EVENTS = table_of(Event)
_FINDINGS = table_of(EventFinding)
_CONTROLS = table_of(Control)
_HITS = table_of(EventControl)
_ESCAPE = "\\"
_FILE_ACTIONS = (Action.FILE_READ, Action.FILE_WRITE, Action.FILE_EDIT, Action.FILE_SEARCH)

_SORT_COLUMNS: Final[Mapping[Field, str]] = {
    Field.DECISION: "decision",
    Field.ACTION: "action",
    Field.KIND: "kind",
    Field.USER: "user_label",
    Field.AGENT: "agent",
}
"""Text columns that `event` and `rollup_hour` both have."""

_NAME_COLUMNS: Final[Mapping[Field, str]] = {
    Field.OUTCOME: "outcome",
    Field.HOST: "host",
    Field.SESSION: "session_id",
    Field.TOOL: "tool",
    Field.CWD: "cwd",
    Field.ENV: "environment",
    Field.DESTINATION: "destination",
    Field.ID: "event_id",
}
_LIST_COLUMNS: Final[Mapping[Field, str]] = {
    Field.PII: "pii_types",
    Field.SECRET: "secret_types",
    Field.SIGNAL: "signals",
}


def is_of_sort(term: Term) -> bool:
    """Tell whether the hours' counts know what `term` speaks of."""
    if term.field is Field.PII:
        return all(pattern.is_any or _is_none(pattern) for pattern in term.patterns)
    return term.field is Field.RISK or term.field in _SORT_COLUMNS


def sort_condition(columns: Any, term: Term) -> ColumnElement[bool]:
    """The condition of a term `is_of_sort`; `columns` are those of either table."""
    found: ColumnElement[bool]
    if term.field is Field.RISK:
        found = columns.risk.in_([int(RiskLevel.parse(one.text)) for one in term.patterns])
    elif term.field is Field.PII:
        found = or_(*(columns.has_pii.is_(pattern.is_any) for pattern in term.patterns))
    else:
        column = columns[_SORT_COLUMNS[term.field]]
        found = or_(*(_meets(column, pattern) for pattern in term.patterns))
    return not_(found) if term.negated else found


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


def _listed(field: Field, pattern: Pattern) -> ColumnElement[bool]:
    """A column that holds a JSON array of plain words."""
    text = type_coerce(_EVENTS.c[_LIST_COLUMNS[field]], Text())
    if _is_none(pattern):
        return text == "[]"
    if pattern.is_any:
        return text != "[]"
    return func.lower(text).like(f'%"{_like(pattern).lower()}"%', escape=_ESCAPE)


def _of_rule(_field: Field, pattern: Pattern) -> ColumnElement[bool]:
    meets = _meets(_FINDINGS.c.rule_id, pattern)
    return _exists(_FINDINGS.c.event_pk == _EVENTS.c.pk, meets)


def _of_control(field: Field, pattern: Pattern) -> ColumnElement[bool]:
    column = _CONTROLS.c.framework if field is Field.FRAMEWORK else _CONTROLS.c.key
    ids = select(_CONTROLS.c.id).where(_meets(column, pattern))
    return _exists(_HITS.c.event_pk == _EVENTS.c.pk, _HITS.c.control_id.in_(ids))


def _exists(*of_event: ColumnElement[bool]) -> ColumnElement[bool]:
    """A row of another table about the Event; the statement around may join that table too."""
    return exists(select(literal(1)).where(*of_event).correlate(_EVENTS))


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
    """The last folder of the working directory."""
    return func.lower(_EVENTS.c.cwd).like(f"%/{_like(pattern).lower()}", escape=_ESCAPE)


def _acts(*actions: Action) -> ColumnElement[bool]:
    return _EVENTS.c.action.in_([action.value for action in actions])


def _in_summary(like: str) -> ColumnElement[bool]:
    return _EVENTS.c.search.like(like.casefold(), escape=_ESCAPE)


_READERS: Final[Mapping[Field, Callable[[Field, Pattern], ColumnElement[bool]]]] = {
    Field.PII: _listed,
    Field.SECRET: _listed,
    Field.SIGNAL: _listed,
    Field.RULE: _of_rule,
    Field.FRAMEWORK: _of_control,
    Field.CONTROL: _of_control,
    Field.CMD: _of_command,
    Field.PATH: _of_path,
    Field.REPO: _of_repository,
}
