"""Whether what a Policy names exists: asked when one is saved, never when one is read."""

from collections.abc import Iterable

from agentaudit_processor.classify import globs
from agentaudit_processor.classify.own_packs import packs_of_policy, packs_with
from agentaudit_processor.classify.patterns import RuleError
from agentaudit_processor.frameworks import load_frameworks
from agentaudit_processor.own_judge import judge_under
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Naming, Policy
from agentaudit_processor.policy_values import PolicyError
from agentaudit_processor.rule_examples import wrong_examples


def check_policy(policy: Policy, judge: Judge) -> None:
    """Tell whether `policy` can be put in force.

    Args:
        judge: knows the packs that ship and those of the server's folder.

    Raises:
        PolicyError: it names a framework, a flag or a rule that does not exist, holds a glob that
            nothing understands, or a pack that is not right or whose examples fail.
    """
    frameworks = load_frameworks()
    _known(policy.frameworks, [each["id"] for each in frameworks["frameworks"]], "frameworks")
    _known(policy.flags, frameworks["event_fields"]["org.flags"]["values"], "flags")
    rule_ids = _rule_ids(policy, judge)
    for name in policy.rule_answers:
        if name not in rule_ids:
            raise PolicyError(f"rule_answers.{name[:60]}", "there is no such rule")
    for name in policy.tool_answers:
        _glob(name, f"tool_answers.{name[:60]}")
    for at, exemption in enumerate(policy.exemptions):
        for field in ("tool", "path", "command", "user"):
            _glob(getattr(exemption, field), f"exemptions[{at}].{field}")
        if exemption.user and policy.capture.user is Naming.HASH:
            why = "the server knows users by a digest alone while capture.user is hash"
            raise PolicyError(f"exemptions[{at}].user", why)
        _glob(exemption.rule_id, f"exemptions[{at}].rule")
        if not any(globs.matches(exemption.rule_id, name) for name in rule_ids):
            raise PolicyError(f"exemptions[{at}].rule", "it names no rule")
    _projects(policy, rule_ids)
    for field in ("rules", "approvers"):
        for at, glob in enumerate(getattr(policy.approvals, field)):
            _glob(glob, f"approvals.{field}[{at}]")
    for field in ("never_paths", "never_commands"):
        for at, glob in enumerate(getattr(policy.capture, field)):
            _glob(glob, f"capture.{field}[{at}]")


def _projects(policy: Policy, rule_ids: set[str]) -> None:
    for at, project in enumerate(policy.projects):
        _glob(project.folder, f"projects[{at}].folder")
        for name in project.rule_answers:
            if name not in rule_ids:
                raise PolicyError(
                    f"projects[{at}].rule_answers.{name[:60]}", "there is no such rule"
                )
        for name in project.tool_answers:
            _glob(name, f"projects[{at}].tool_answers.{name[:60]}")


def _rule_ids(policy: Policy, judge: Judge) -> set[str]:
    try:
        packs = packs_with(judge.packs, packs_of_policy(policy.packs))
    except RuleError as error:
        raise PolicyError(*_split(error)) from None
    if policy.packs:
        known = {rule.id for rule in judge.packs.own}
        new = [rule for rule in packs.own if rule.id not in known]
        for wrong in wrong_examples(judge_under(judge, policy), new):
            raise PolicyError("packs", wrong)
    return {rule.id for rule in packs.rules}


def _split(error: RuleError) -> tuple[str, str]:
    """`packs[0] acme.yaml:3: …` as field and problem."""
    field, _, problem = str(error).partition(" ")
    return field, problem


def _known(names: Iterable[str], known: Iterable[str], field: str) -> None:
    for name in names:
        if name not in known:
            raise PolicyError(field, f"{name[:60]!r} is none of {', '.join(known)}")


def _glob(glob: str, field: str) -> None:
    try:
        globs.check(glob)
    except globs.GlobError as error:
        raise PolicyError(field, str(error)) from None
