"""The words of AgenticAudit: who did what, what was found in it, what was decided.

Every other module speaks in these shapes. They are plain values: frozen, without a clock,
without I/O, equal when their fields are equal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Self

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class RiskLevel(IntEnum):
    """How bad an activity is; ordered, so that `>=` means what it says."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def label(self) -> str:
        """The word used on the wire, in the store's answers and on pages: `low` … `critical`."""
        return self.name.lower()

    @classmethod
    def parse(cls, label: str) -> Self:
        """Read a label in any case.

        Raises:
            ValueError: `label` is none of low, medium, high, critical.
        """
        try:
            return cls[label.strip().upper()]
        except KeyError:
            raise ValueError(
                f"risk level {label!r}: expected low, medium, high or critical"
            ) from None


class Action(StrEnum):
    """What kind of thing was done; shown, filtered and stable for ever."""

    SHELL_COMMAND = "shell_command"
    FILE_READ = "file_read"
    FILE_WRITE = "file_write"
    FILE_EDIT = "file_edit"
    FILE_SEARCH = "file_search"
    WEB_FETCH = "web_fetch"
    WEB_SEARCH = "web_search"
    CONNECTOR_ACCESS = "connector_access"
    SUB_AGENT_SPAWN = "sub_agent_spawn"
    SKILL_USE = "skill_use"
    TODO_UPDATE = "todo_update"
    SESSION_START = "session_start"
    SESSION_END = "session_end"
    USER_PROMPT = "user_prompt"
    PERMISSION = "permission"
    CONFIG_CHANGE = "config_change"
    OTHER = "other"


class EventKind(StrEnum):
    """What an Event is a record of (`event.kind` of frameworks.yaml, and the session facts)."""

    TOOL_CALL = "tool_call"
    SESSION = "session"
    PROMPT = "prompt"
    PERMISSION = "permission"
    CONFIG_CHANGE = "config_change"
    POLICY_CHANGE = "policy_change"
    LOG_ACCESS = "log_access"
    EXPORT = "export"
    LOGGING_STATE = "logging_state"
    HEARTBEAT = "heartbeat"
    """The recorder of an open session was alive; hidden unless asked for."""
    GAP = "gap"
    """Records are known to be missing."""
    RETENTION_PURGE = "retention_purge"
    """Events, or their content, were removed at the end of their time."""
    APPROVAL = "approval"
    """A person answered a call that had been stopped, or nobody did in time."""
    REVIEW = "review"
    """A person looked at what was found, and said what of it."""


class ReviewState(StrEnum):
    """What a person said of an Event, the latest word."""

    NEW = "new"
    """Nobody has looked at it, or somebody wants it looked at again."""
    REVIEWED = "reviewed"
    FALSE_POSITIVE = "false_positive"
    FOLLOW_UP = "follow_up"
    """Something has to be done."""
    INCIDENT = "incident"
    """What happened should not have, and clocks may run from when this was said."""


class Phase(StrEnum):
    """How much of a ToolCall is known: its request, or also its end."""

    REQUESTED = "requested"
    ENDED = "ended"


class Outcome(StrEnum):
    """How a ToolCall ended; `unknown` while nothing was heard, or when it was abandoned."""

    SUCCESS = "success"
    FAILURE = "failure"
    UNKNOWN = "unknown"


class Decision(StrEnum):
    """The answer to a ToolCall. `ask`: a person is asked, and no answer was heard yet; `approved`
    and `denied`: what came of it; `observe`: recorded without anybody having been asked."""

    ALLOW = "allow"
    ASK = "ask"
    BLOCK = "block"
    APPROVED = "approved"
    DENIED = "denied"
    OBSERVE = "observe"


class DecidedBy(StrEnum):
    """Who gave the Decision."""

    POLICY = "policy"
    HUMAN = "human"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acted: the agent, the user it works for, the host it runs on."""

    agent_name: str
    agent_version: str | None = None
    subagent_id: str | None = None
    subagent_type: str | None = None
    user_email: str | None = None
    user_id: str | None = None
    user_name: str | None = None
    """Login name of the operating system's user."""
    host_name: str | None = None

    @property
    def label(self) -> str:
        """How a person names the user: the e-mail, else `os_user @ hostname`."""
        if self.user_email:
            return self.user_email
        if self.user_name or self.host_name:
            return f"{self.user_name or '?'} @ {self.host_name or '?'}"
        return self.user_id or "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientVerdict:
    """What the hook decided on the developer's machine; compared with ours, never trusted."""

    decision: Decision
    risk_level: RiskLevel | None = None
    policy_version: str | None = None
    packs_version: str | None = None
    rule_ids: tuple[str, ...] = ()
    """Of its findings, where not all of what it judged was sent (`ToolCall.reduced`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One use of one tool: who, what, with which input, and what came back.

    `trace_id` (32) and `span_id` (16) are lowercase hex. Times are unix nanoseconds. A field that
    the sender did not give is None, never a guess.
    """

    session_id: str
    call_id: str
    tool_name: str
    """As the agent's user knows it: `Bash`, `Edit`, `save_note` (bare name for MCP)."""
    action: Action
    actor: Actor
    phase: Phase
    trace_id: str
    span_id: str
    parent_span_id: str | None = None
    mcp_server: str | None = None
    arguments: Mapping[str, Json] = field(default_factory=dict)
    result: Json = None
    outcome: Outcome = Outcome.UNKNOWN
    error_type: str | None = None
    """Low cardinality, as OTel's `error.type`: tool_error, timeout, interrupted,
    permission_denied, policy_block, abandoned, _OTHER."""
    error_message: str | None = None
    exit_code: int | None = None
    started_ns: int
    ended_ns: int | None = None
    cwd: str | None = None
    permission_mode: str | None = None
    prompt_id: str | None = None
    client_verdict: ClientVerdict | None = None
    dialect: str = "agentaudit"
    observed: bool = False
    """Told by telemetry that nobody answers: while such a call is only requested, no Policy was
    asked about it."""
    replayed: bool = False
    client_sequence: int | None = None
    """Its number among the session's records, as the hook counted them from 1 on."""
    truncated: bool = False
    reduced: tuple[str, ...] = ()
    """What the hook kept back, as capture was set: `arguments: hash`, `results: off`."""
    extra: Mapping[str, Json] = field(default_factory=dict)
    """What the sender told and we have no field for; kept, never interpreted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something worth proof that is no tool call: a session's start, a prompt, a change of policy.

    `fact_id` tells two facts of one session apart and stays the same when one is sent again.
    """

    fact_id: str
    kind: EventKind
    action: Action
    name: str
    """As its source names it: `SessionStart`, `ConfigChange`."""
    session_id: str
    actor: Actor
    trace_id: str
    at_ns: int
    cwd: str | None = None
    permission_mode: str | None = None
    prompt_id: str | None = None
    data: Mapping[str, Json] = field(default_factory=dict)
    dialect: str = "agentaudit"
    replayed: bool = False
    reduced: tuple[str, ...] = ()
    """As `ToolCall.reduced`."""
    client_sequence: int | None = None


Activity = ToolCall | Fact


NAMES_NOBODY = frozenset(("private_ip_address",))
"""Types of the taxonomy that are told of, and are no personal data: those of rank 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One Rule matched one place in one Activity; complete, so that old Events stay readable."""

    rule_id: str
    title: str
    severity: RiskLevel
    where: str
    """Path of the field: `arguments.command`, `result.stdout`."""
    excerpt: str
    """The match and its surroundings, masked, at most 200 characters."""
    explanation: str
    advice: str
    pack: str
    """Pack and version: `secrets@3`."""
    pii: str | None = None
    """Personal data type (`pii_taxonomy` of frameworks.yaml), if the rule yields one."""
    secret: str | None = None
    signal: str | None = None
    sample: str | None = None
    """The value itself, masked: `a•••@e•••.com`."""
    digest: str | None = None
    """Keyed digest of a secret, so that the same one is known again without being kept."""
    count: int = 1
    confidence: str | None = None
    """`high`, `medium` or `low`: how sure it is that it is what the Rule looks for; None for a
    Finding of before it was told."""
    tags: tuple[str, ...] = ()
    """Entries of public lists that the Rule speaks of: `attack.t1485`, `owasp.asi02:2026`."""

    @property
    def personal(self) -> str | None:
        """`pii`, if data of that type leads to a person; what counts as personal data."""
        return None if self.pii in NAMES_NOBODY else self.pii


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What an Activity does to the world, as far as its text tells. Controls build on these."""

    action_class: str = "other"
    """`event.action_class` of frameworks.yaml."""
    signals: frozenset[str] = frozenset()
    environment: str = "unknown"
    """dev, test, staging, prod or unknown."""
    privileged: bool = False
    data_flow: str = "none"
    """none, local, internal or external."""
    destination: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer to the Findings."""

    decision: Decision
    decided_by: DecidedBy
    risk_level: RiskLevel
    reasons: tuple[str, ...]
    """Sentences for a person, the weightiest first; never empty."""
    policy_version: str
    packs_version: str
    threshold: RiskLevel | None = None
    """The level from which the Policy blocks; None while it does not."""
    not_covered: tuple[str, ...] = ()
    """What was not looked at: `result: 40,000 of 120,000 bytes scanned`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlHit:
    """One Control that an Event supports (`evidence`) or asks a person to look at (`attention`)."""

    key: str
    framework: str
    control: str
    title: str
    kind: str
    strength: str
    rationale: str
    readiness: bool = False
    """The duty does not apply yet; the hit shows readiness, no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """What is stored: an Activity (its values masked), what was found in it, and the Verdict."""

    event_id: str
    """UUID text, derived; the same Activity sent twice has the same id."""
    kind: EventKind
    activity: Activity
    findings: tuple[Finding, ...]
    effects: Effects
    verdict: Verdict
    controls: tuple[ControlHit, ...]
    summary: str
    """One line, masked, at most 300 characters: `psql -h prod -c 'DELETE FROM …'`."""
    verdict_differs: bool = False
    """The hook's own verdict was another: an old or tampered hook."""

    @property
    def pii_types(self) -> tuple[str, ...]:
        """Personal data types found, sorted, each once."""
        return tuple(sorted({f.personal for f in self.findings if f.personal}))

    @property
    def secret_types(self) -> tuple[str, ...]:
        """Secret types found, sorted, each once."""
        return tuple(sorted({f.secret for f in self.findings if f.secret}))
