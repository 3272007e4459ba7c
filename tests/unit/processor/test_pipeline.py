from agentaudit_processor.model import Decision, RiskLevel
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import LoggingLevel, Policy
from tests.support.builders import a_request

JUDGE = Judge.load()
PARANOID = Policy(logging_level=LoggingLevel.PARANOID, blocking_enabled=True)


def test_deleting_a_project_folder_is_high_and_blocked_in_paranoid_mode():
    call = a_request(arguments={"command": "rm -rf victim"})

    event = JUDGE.examine(call).event(PARANOID)

    assert event.verdict.risk_level is RiskLevel.HIGH
    assert event.verdict.decision is Decision.BLOCK
    assert event.verdict.reasons == ("Recursive delete of a folder: /home/alice/project/victim",)


def test_a_secret_is_masked_and_known_again_by_whoever_sees_the_mask():
    call = a_request(arguments={"command": "deploy --id AKIAQ3EGRFB4WUS5LP2M"})

    first = JUDGE.examine(call, digest_key=b"key")
    again = JUDGE.examine(first.without_secrets(), digest_key=b"another key")

    assert "AKIAQ3EGRFB4WUS5LP2M" not in str(first.without_secrets())
    assert again.findings == first.findings
    assert first.event(Policy()).secret_types == ("aws_access_key",)
