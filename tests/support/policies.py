"""Policies of every shape, for property tests."""

from hypothesis import strategies as st

from agentaudit_processor.model import RiskLevel
from agentaudit_processor.policy import (
    Answer,
    Capture,
    CapturePolicy,
    Exemption,
    LegalHold,
    LoggingLevel,
    Naming,
    OnFailure,
    Policy,
    Project,
    Retention,
)

NAMES = st.text(min_size=1, max_size=12)
_TEXTS = st.lists(st.text(max_size=12), max_size=3).map(tuple)
_ANSWERS = st.sampled_from(Answer)
_CAPTURES = st.sampled_from(Capture)
_GLOBS = st.sampled_from(["", "*", "rm *", "Bash", "mcp__*", "*.env"])


@st.composite
def exemptions(draw: st.DrawFn) -> tuple[Exemption, ...]:
    """Up to three, with ids of their own."""
    names = draw(st.lists(NAMES, max_size=3, unique=True))
    return tuple(
        Exemption(
            id=name,
            rule_id=draw(NAMES),
            owner=draw(NAMES),
            reason=draw(NAMES),
            expires_ns=draw(st.integers(0, 4_000_000_000_000_000_000)),
            tool=draw(_GLOBS),
            path=draw(_GLOBS),
            command=draw(_GLOBS),
            user=draw(_GLOBS),
        )
        for name in names
    )


@st.composite
def projects(draw: st.DrawFn) -> tuple[Project, ...]:
    """Up to two, some of them of the folder that calls come from."""
    stricter = st.sampled_from([Answer.ASK, Answer.BLOCK])
    levels = st.none() | st.sampled_from(RiskLevel)
    return tuple(
        Project(
            id=name,
            folder=draw(st.sampled_from(["*", "*/project", "/home/alice", "/srv/*"])),
            block_on=draw(levels),
            ask_on=draw(levels),
            rule_answers=draw(st.dictionaries(NAMES, stricter, max_size=2)),
            tool_answers=draw(st.dictionaries(_GLOBS.filter(bool), stricter, max_size=2)),
        )
        for name in draw(st.lists(NAMES, max_size=2, unique=True))
    )


@st.composite
def retentions(draw: st.DrawFn) -> Retention:
    """Any, with the content going no later than its Event."""
    days = draw(st.none() | st.integers(1, 36_500))
    content = draw(st.integers(1, days or 36_500))
    names = draw(st.lists(NAMES, max_size=2, unique=True))
    return Retention(
        content_days=draw(st.sampled_from([content, None])) if days is None else content,
        event_days=days,
        holds=tuple(
            LegalHold(id=name, owner=draw(NAMES), reason=draw(NAMES), query=draw(st.text()))
            for name in names
        ),
    )


def policies() -> st.SearchStrategy[Policy]:
    """Any Policy that a document can say."""
    return st.builds(
        Policy,
        version=st.integers(0, 99),
        logging_level=st.sampled_from(LoggingLevel),
        frameworks=_TEXTS,
        flags=_TEXTS,
        blocking_enabled=st.booleans(),
        block_on=st.sampled_from(RiskLevel),
        ask_on=st.none() | st.sampled_from(RiskLevel),
        rule_answers=st.dictionaries(NAMES, _ANSWERS, max_size=3),
        tool_answers=st.dictionaries(
            NAMES, st.sampled_from([Answer.ALLOW, Answer.ASK, Answer.BLOCK]), max_size=3
        ),
        exemptions=exemptions(),
        projects=projects(),
        packs=_TEXTS,
        retention=retentions(),
        on_failure=st.sampled_from(OnFailure),
        require_remote_record=st.booleans(),
        redact_output=st.booleans(),
        capture=st.builds(
            CapturePolicy,
            arguments=_CAPTURES,
            results=_CAPTURES,
            prompts=_CAPTURES,
            never_paths=_TEXTS,
            never_commands=_TEXTS,
            user=st.sampled_from(Naming),
        ),
        digest_key=st.binary(max_size=8),
    )
