"""What must hold of the judge for every Activity: asked by tests, and by `make fuzz` for longer."""

from agentaudit_processor.model import Activity, RiskLevel
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import LoggingLevel, Policy

PARANOID = Policy(logging_level=LoggingLevel.PARANOID, blocking_enabled=True)


def check(judge: Judge, activity: Activity) -> None:
    """Judge `activity`: a verdict comes, the same each time, and the same of what was masked.

    Raises:
        AssertionError: one of these does not hold.
        Exception: the judge raised.
    """
    exam = judge.examine(activity, digest_key=b"key")
    event = exam.event(PARANOID)

    assert event.verdict.reasons
    assert event.verdict.risk_level >= RiskLevel.LOW
    assert len(event.summary) <= 300
    assert len(event.findings) <= 100
    assert all(len(finding.excerpt) <= 200 for finding in event.findings)
    assert not [note for note in event.verdict.not_covered if "failed" in note]
    repr(event).encode("utf-8", "surrogatepass")

    again = judge.examine(exam.without_secrets(), digest_key=b"key")
    assert again.without_secrets() == exam.without_secrets()
    assert again.risk_level == exam.risk_level
    assert again.findings == exam.findings
