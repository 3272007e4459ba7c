"""Policy: what the operator decided. One shape, in the hook, the processor and the store."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from agentaudit_processor.model import RiskLevel

DEFAULT_FRAMEWORKS = ("gdpr", "eu_ai_act", "soc2")


class LoggingLevel(StrEnum):
    """How much of an Event is kept, never whether; `paranoid` keeps all and may block."""

    MINIMAL = "minimal"
    STANDARD = "standard"
    FULL = "full"
    PARANOID = "paranoid"


class Answer(StrEnum):
    """What is said to a call that a rule or a tool's name speaks of, whatever its level.

    `off` is for rules alone: their findings are not made. Where several speak of one call, the
    strictest counts: block, ask, then allow.
    """

    OFF = "off"
    ALLOW = "allow"
    ASK = "ask"
    BLOCK = "block"


class OnFailure(StrEnum):
    """What the hook answers when it cannot judge or record a call."""

    OPEN = "open"
    CLOSED = "closed"


class Capture(StrEnum):
    """How a text is sent and kept: as it is but for secrets, all masked, as a digest, not at all.

    `full` masks secrets on the laptop and personal data in the store; `masked` masks both on the
    laptop.
    """

    FULL = "full"
    MASKED = "masked"
    HASH = "hash"
    OFF = "off"


class Naming(StrEnum):
    """How the acting person is named in what leaves the laptop; `hash` is keyed by `digest_key`."""

    EMAIL = "email"
    NAME = "name"
    HASH = "hash"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """Lets calls through that a rule would stop: whose decision, why, and until when.

    The finding stays and names the exemption; only the answer changes. Globs are as in `fnmatch`,
    case-sensitive; an empty one matches everything.
    """

    id: str
    rule_id: str
    """A rule's id or a glob over ids (`destructive.*`)."""
    owner: str
    reason: str
    expires_ns: int
    """Unix time in ns. Compared with the start of the call, so that a judgement can be repeated."""
    tool: str = ""
    path: str = ""
    command: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturePolicy:
    """What of a call's content leaves the laptop. Judging always sees all of it."""

    arguments: Capture = Capture.FULL
    results: Capture = Capture.FULL
    prompts: Capture = Capture.HASH
    never_paths: tuple[str, ...] = ()
    """Globs of files whose content is never sent."""
    never_commands: tuple[str, ...] = ()
    """Globs of commands whose text and output are never sent."""
    user: Naming = Naming.EMAIL


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHold:
    """Events that nobody's retention removes while it stands: whose decision, and why."""

    id: str
    owner: str
    reason: str
    query: str = ""
    """In the query language; empty holds every Event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long Events are kept, by their own time. None keeps for ever."""

    content_days: int | None = 90
    """Arguments, results, prompts, excerpts, paths: what was in a call."""
    event_days: int | None = 400
    """That the call was, whose, how it was judged and why."""
    holds: tuple[LegalHold, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    """Which stopped calls a person may let run, once, and who."""

    up_to: RiskLevel | None = None
    """Calls up to this level; None: no call may be."""
    rules: tuple[str, ...] = ()
    """Globs over rule ids, of which every finding's rule has to meet one; empty: any rule."""
    wait_seconds: int = 5
    """How long the hook waits for an answer, if its agent lets it; then the call is stopped."""
    valid_minutes: int = 60
    """How long a question can be answered, and an answer used."""
    approvers: tuple[str, ...] = ()
    """Globs over names of admins' keys; empty: every admin."""
    self_approval: bool = False
    """Whether who asked may answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What is stopped beside all else in one project's folders. It tightens, and never loosens.

    A call gets the stricter answer of two: the Policy's, and the Policy's with this in it.
    """

    id: str
    folder: str
    """Glob over working folders; a call from a folder inside such a one is the project's too."""
    block_on: RiskLevel | None = None
    ask_on: RiskLevel | None = None
    rule_answers: Mapping[str, Answer] = field(default_factory=dict)
    """Rule id to `ask` or `block`."""
    tool_answers: Mapping[str, Answer] = field(default_factory=dict)
    """Glob of tool names to `ask` or `block`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One version of an organisation's decisions. `version` grows by one with each change."""

    version: int = 0
    logging_level: LoggingLevel = LoggingLevel.FULL
    frameworks: tuple[str, ...] = field(default=DEFAULT_FRAMEWORKS)
    flags: tuple[str, ...] = ()
    """What the organisation says of itself (`frameworks.yaml`, `flags`), for controls."""
    blocking_enabled: bool = False
    block_on: RiskLevel = RiskLevel.HIGH
    ask_on: RiskLevel | None = None
    """The level from which a person is asked, below `block_on`; None asks nobody."""
    rule_answers: Mapping[str, Answer] = field(default_factory=dict)
    """Rule id to Answer."""
    tool_answers: Mapping[str, Answer] = field(default_factory=dict)
    """Glob of tool names, as the agent says them, to Answer (never `off`)."""
    exemptions: tuple[Exemption, ...] = ()
    projects: tuple[Project, ...] = ()
    packs: tuple[str, ...] = ()
    """The organisation's own packs, each the text of a YAML file."""
    on_failure: OnFailure = OnFailure.OPEN
    require_remote_record: bool = False
    """Allow a call only after the server has acknowledged the record of its request."""
    redact_output: bool = False
    """Mask secrets in a tool's output before the model reads it, where the agent lets a hook."""
    approvals: Approvals = field(default_factory=Approvals)
    capture: CapturePolicy = field(default_factory=CapturePolicy)
    retention: Retention = field(default_factory=Retention)
    digest_key: bytes = b""
    """The organisation's HMAC key for digests of secrets, so that equal ones are known as equal."""

    @property
    def blocks(self) -> bool:
        """True where calls may be stopped at all: paranoid, and blocking switched on."""
        return self.blocking_enabled and self.logging_level is LoggingLevel.PARANOID

    @property
    def threshold(self) -> RiskLevel | None:
        """The level from which calls are blocked; None when nothing is."""
        return self.block_on if self.blocks else None
