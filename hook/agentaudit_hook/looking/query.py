"""Queries over the records of one machine, in the page's words: `risk:>=high "drop table"`.

Reading a query is the processor's; here is told which Rows it asks for, as the store tells it of
Events.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from agentaudit_hook.looking.judged import Judged
from agentaudit_hook.looking.watch import Row
from agentaudit_processor.ids import event_id_of
from agentaudit_processor.model import Action, Activity, Phase, ReviewState
from agentaudit_processor.query.language import QueryText, read_query
from agentaudit_processor.query.terms import NONE, UNFINISHED, Field, Pattern, Term

_FILE_ACTIONS = (Action.FILE_READ, Action.FILE_WRITE, Action.FILE_EDIT, Action.FILE_SEARCH)
_SAID: dict[Field, Callable[[Row], str]] = {
    Field.RISK: lambda row: row.risk,
    Field.DECISION: lambda row: row.decision,
    Field.ACTION: lambda row: row.action,
    Field.KIND: lambda row: row.kind,
    Field.OUTCOME: lambda row: row.state,
    Field.USER: lambda row: row.user,
    Field.AGENT: lambda row: row.agent,
    Field.HOST: lambda row: row.host,
    Field.SESSION: lambda row: row.session,
    Field.TOOL: lambda row: row.tool,
    Field.CWD: lambda row: row.cwd,
    Field.REPO: lambda row: row.cwd.rpartition("/")[2],
    Field.IS: lambda row: UNFINISHED if row.state == Phase.REQUESTED else "",
    Field.REVIEW: lambda _row: ReviewState.NEW.value,  # reviews are the server's
}
"""What a Row itself says."""
_JUDGED: dict[Field, Callable[[Judged], Iterable[str]]] = {
    Field.PII: lambda found: found.pii,
    Field.SECRET: lambda found: found.secrets,
    Field.SIGNAL: lambda found: found.signals,
    Field.RULE: lambda found: found.rules,
    Field.FRAMEWORK: lambda found: found.frameworks,
    Field.CONTROL: lambda found: found.controls,
    Field.ENV: lambda found: (found.environment,),
    Field.DESTINATION: lambda found: (found.destination,),
}
"""What is known of a record once it is judged."""

Judge = Callable[[Activity], Judged]


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked for. `judge` is only called where the query speaks of what is found."""

    asked: QueryText
    judge: Judge

    @classmethod
    def of(cls, text: str, judge: Judge) -> "Query":
        """Read what a person typed.

        Raises:
            QueryError: an unknown field or value, a quote left open, too many terms.
        """
        return cls(read_query(text), judge)

    def matches(self, row: Row) -> bool:
        """Whether a Row is asked for."""
        text = f"{row.summary}\n{row.command}\n{row.path}".casefold()
        return (
            all(word.casefold() in text for word in self.asked.words)
            and not any(word.casefold() in text for word in self.asked.words_excluded)
            and all(self._meets(term, row) for term in self.asked.terms)
        )

    def _meets(self, term: Term, row: Row) -> bool:
        found = any(self._is(term.field, pattern, row) for pattern in term.patterns)
        return found is not term.negated

    def _is(self, field: Field, pattern: Pattern, row: Row) -> bool:
        if field in _JUDGED:
            values = [value for value in _JUDGED[field](self.judge(row.activity)) if value]
            is_none = field in (Field.PII, Field.SECRET) and pattern.text.lower() == NONE
            return not values if is_none else any(_fits(value, pattern) for value in values)
        if field is Field.CMD:
            is_shell = row.action == Action.SHELL_COMMAND.value
            return is_shell and _glob(f"*{_literal(pattern)}*", row.command or row.summary)
        if field is Field.PATH:
            return row.action in _FILE_ACTIONS and _is_path(row.path or row.summary, pattern)
        if field is Field.ID:
            return any(_fits(one, pattern) for one in (row.id, event_id_of(row.session, row.id)))
        return _fits(_SAID[field](row), pattern)


def _fits(value: str, pattern: Pattern) -> bool:
    """Names are compared as they are; with a wild card, in any case."""
    if pattern.is_any:
        return bool(value)
    return _glob(_literal(pattern), value) if pattern.wild else value == pattern.text


def _is_path(path: str, pattern: Pattern) -> bool:
    """The whole path, or the end of one."""
    wanted = _literal(pattern)
    return bool(path) and (_glob(wanted, path) or _glob(f"*/{wanted.lstrip('/')}", path))


def _glob(wanted: str, value: str) -> bool:
    return fnmatchcase(value.casefold(), wanted.casefold())


def _literal(pattern: Pattern) -> str:
    """The pattern for fnmatch, where only `*` has a meaning, and that only in a wild one."""
    text = pattern.text.replace("[", "[[]").replace("?", "[?]")
    return text if pattern.wild else text.replace("*", "[*]")
