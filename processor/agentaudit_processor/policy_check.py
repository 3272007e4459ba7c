"""Whether what a Policy names exists: asked when one is saved, never when one is read."""

from collections.abc import Iterable, Iterator

from agentaudit_processor.classify import globs
from agentaudit_processor.classify.own_packs import packs_of_policy, packs_with
from agentaudit_processor.classify.patterns import RuleError
from agentaudit_processor.classify.rules import Rule
from agentaudit_processor.frameworks import load_frameworks
from agentaudit_processor.own_judge import judge_under
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Naming, Policy
from agentaudit_processor.policy_values import PolicyError
from agentaudit_processor.query.language import QueryError, read_query
from agentaudit_processor.rule_examples import wrong_examples

_NO_RULE = "there is no such rule"


def check_policy(policy: Policy, judge: Judge) -> None:
    """Tell whether `policy` can be put in force.

    Args:
        judge: knows the packs that ship and those of the server's folder.

    Raises:
        PolicyError: see `policy_problems`; the first of them.
    """
    for problem in policy_problems(policy, judge):
        raise problem


def policy_problems(policy: Policy, judge: Judge) -> Iterator[PolicyError]:
    """Each framework, flag or rule that does not exist, each glob and query that nothing
    understands, each pack that is not right or whose examples fail."""
    frameworks = load_frameworks()
    yield from _unknown(
        policy.frameworks, [each["id"] for each in frameworks["frameworks"]], "frameworks"
    )
    yield from _unknown(policy.flags, frameworks["event_fields"]["org.flags"]["values"], "flags")
    rules, wrong = _rules(policy, judge)
    yield from wrong
    names = {rule.id for rule in rules}
    # of a pack that is not right, which rules it has is not known
    may_be = not wrong
    if may_be:
        yield from _examples(policy, judge, rules)
        yield from _no_rules(policy.rule_answers, names, "rule_answers")
    for name in policy.tool_answers:
        yield from _glob(name, f"tool_answers.{name[:60]}")
    for at, exemption in enumerate(policy.exemptions):
        for field in ("tool", "path", "command", "user"):
            yield from _glob(getattr(exemption, field), f"exemptions[{at}].{field}")
        if exemption.user and policy.capture.user is Naming.HASH:
            why = "the server knows users by a digest alone while capture.user is hash"
            yield PolicyError(f"exemptions[{at}].user", why)
        unread = list(_glob(exemption.rule_id, f"exemptions[{at}].rule"))
        yield from unread
        if may_be and not unread and not _names_one(exemption.rule_id, names):
            yield PolicyError(f"exemptions[{at}].rule", "it names no rule")
    for at, project in enumerate(policy.projects):
        yield from _glob(project.folder, f"projects[{at}].folder")
        if may_be:
            yield from _no_rules(project.rule_answers, names, f"projects[{at}].rule_answers")
        for name in project.tool_answers:
            yield from _glob(name, f"projects[{at}].tool_answers.{name[:60]}")
    yield from _lists_of_globs(policy)
    yield from _holds(policy)


def _lists_of_globs(policy: Policy) -> Iterator[PolicyError]:
    for field in ("rules", "approvers"):
        for at, glob in enumerate(getattr(policy.approvals, field)):
            yield from _glob(glob, f"approvals.{field}[{at}]")
    for field in ("never_paths", "never_commands"):
        for at, glob in enumerate(getattr(policy.capture, field)):
            yield from _glob(glob, f"capture.{field}[{at}]")


def _holds(policy: Policy) -> Iterator[PolicyError]:
    for at, hold in enumerate(policy.retention.holds):
        try:
            read_query(hold.query)
        except QueryError as wrong:
            yield PolicyError(f"retention.holds[{at}].query", str(wrong))


def _rules(policy: Policy, judge: Judge) -> tuple[tuple[Rule, ...], list[PolicyError]]:
    """Every rule there is with the packs that are right, and what is wrong with the others."""
    packs, wrong = judge.packs, list[PolicyError]()
    for own in packs_of_policy(policy.packs):
        try:
            packs = packs_with(packs, (own,))
        except RuleError as error:
            wrong += [PolicyError(*_split(text)) for text in error.texts]
    return packs.rules, wrong


def _examples(policy: Policy, judge: Judge, rules: Iterable[Rule]) -> Iterator[PolicyError]:
    if policy.packs:
        known = {rule.id for rule in judge.packs.rules}
        new = [rule for rule in rules if rule.id not in known]
        for wrong in wrong_examples(judge_under(judge, policy), new):
            yield PolicyError("packs", wrong)


def _split(text: str) -> tuple[str, str]:
    """`packs[0] acme.yaml:3: …` as field and problem."""
    field, _, problem = text.partition(" ")
    return field, problem


def _unknown(names: Iterable[str], known: Iterable[str], field: str) -> Iterator[PolicyError]:
    for name in names:
        if name not in known:
            yield PolicyError(field, f"{name[:60]!r} is none of {', '.join(known)}")


def _no_rules(names: Iterable[str], known: set[str], field: str) -> Iterator[PolicyError]:
    for name in names:
        if name not in known:
            yield PolicyError(f"{field}.{name[:60]}", _NO_RULE)


def _names_one(glob: str, names: Iterable[str]) -> bool:
    return any(globs.matches(glob, name) for name in names)


def _glob(glob: str, field: str) -> Iterator[PolicyError]:
    try:
        globs.check(glob)
    except globs.GlobError as error:
        yield PolicyError(field, str(error))
