"""What a Policy answers to a ToolCall: block, ask or allow, and which of its words decided. Pure.

For each Finding: the answer given to its rule, else `allow` given to the tool, else the answer to
its level; an Exemption turns what that stops into an allow. Over all of them and over `ask` or
`block` given to the tool, the strictest counts. A Policy that does not block stops nothing.

Where the call is a project's, the same is asked once more with what the project says in it, and the
stricter of the two answers counts: so a project can tighten, and never loosen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from agentaudit_processor.classify.globs import matches, matches_command
from agentaudit_processor.model import Action, Decision, Finding, Json, RiskLevel, ToolCall
from agentaudit_processor.policy import Answer, Exemption, Policy, Project

_STRICTNESS = (Answer.ALLOW, Answer.ASK, Answer.BLOCK)
_DECISIONS = {
    Answer.ALLOW: Decision.ALLOW,
    Answer.ASK: Decision.ASK,
    Answer.BLOCK: Decision.BLOCK,
}
_DEGREE = {decision: at for at, decision in enumerate(_DECISIONS.values())}
_DID = {Answer.ASK: "asks a person about", Answer.BLOCK: "blocks"}
_COMMANDS = ("command", "cmd", "shell_command", "commands")
_OF_FILES = (Action.FILE_READ, Action.FILE_WRITE, Action.FILE_EDIT, Action.FILE_SEARCH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The answer to one ToolCall."""

    decision: Decision
    """`allow`, `ask` or `block`."""
    of_tool: str = ""
    """Says that the answer is one to the tool's name, if it is."""
    because: tuple[str, ...] = ()
    """Sentences on what else in the Policy decided, beside levels: rules, exemptions."""


def answer_to(
    call: ToolCall, findings: Sequence[Finding], policy: Policy, paths: Sequence[str] = ()
) -> Answered:
    """What `policy` says to `call` with these `findings`.

    Args:
        paths: what the call touches, for exemptions that name a path.
    """
    if not policy.blocks:
        return Answered(decision=Decision.ALLOW)
    answered = _answered(call, findings, policy, paths)
    for project in policy.projects:
        if not _is_of_project(call, project):
            continue
        tightened = _answered(call, findings, _with(policy, project), paths)
        if _DEGREE[tightened.decision] > _DEGREE[answered.decision]:
            because = (f"The policy is stricter for the project {project.id}", *tightened.because)
            answered = replace(tightened, because=because)
    return answered


def _answered(
    call: ToolCall, findings: Sequence[Finding], policy: Policy, paths: Sequence[str]
) -> Answered:
    tool, of_tool = _of_tool(call, policy)
    strictest = Answer.ALLOW if tool is None else tool
    because: dict[str, None] = {}
    if not findings and tool is None:
        strictest = _of_level(RiskLevel.LOW, policy)
    for finding in findings:
        answer = _of_finding(finding, tool, policy)
        if answer is Answer.ALLOW:
            continue
        exemption = _exemption(call, finding, policy, paths)
        if exemption is not None:
            because[_exempt(finding, exemption)] = None
            continue
        strictest = max(strictest, answer, key=_STRICTNESS.index)
        if finding.rule_id in policy.rule_answers:
            because[f"The policy {_DID[answer]} what {finding.rule_id} finds"] = None
    return Answered(
        decision=_DECISIONS[strictest],
        of_tool=of_tool if strictest is tool and tool is not Answer.ALLOW else "",
        because=tuple(because),
    )


def _is_of_project(call: ToolCall, project: Project) -> bool:
    """Whether the call was made in a folder of the project's, or inside of one."""
    parts = (call.cwd or "").rstrip("/").split("/")
    folders = ("/".join(parts[:end]) or "/" for end in range(len(parts), 0, -1))
    return bool(call.cwd) and any(matches(project.folder, each) for each in folders)


def _with(policy: Policy, project: Project) -> Policy:
    """The Policy as the project would have it; by itself this may loosen something."""
    return replace(
        policy,
        block_on=project.block_on or policy.block_on,
        ask_on=policy.ask_on if project.ask_on is None else project.ask_on,
        rule_answers={**policy.rule_answers, **project.rule_answers},
        tool_answers={**policy.tool_answers, **project.tool_answers},
    )


def tool_names(call: ToolCall) -> Iterator[str]:
    """The names that a glob of tools may mean: the bare one, and that of an MCP tool in full."""
    yield call.tool_name
    if call.mcp_server:
        yield f"mcp__{call.mcp_server}__{call.tool_name}"


def _of_tool(call: ToolCall, policy: Policy) -> tuple[Answer | None, str]:
    """The strictest answer given to the tool's name, and that in words."""
    met = [
        (answer, glob)
        for glob, answer in policy.tool_answers.items()
        if any(matches(glob, name) for name in tool_names(call))
    ]
    if not met:
        return None, ""
    answer, glob = max(met, key=lambda one: _STRICTNESS.index(one[0]))
    return answer, f"The policy {_DID.get(answer, 'allows')} the tool {call.tool_name} ({glob})"


def _of_finding(finding: Finding, tool: Answer | None, policy: Policy) -> Answer:
    of_rule = policy.rule_answers.get(finding.rule_id)
    if of_rule is not None and of_rule is not Answer.OFF:
        return of_rule
    return Answer.ALLOW if tool is Answer.ALLOW else _of_level(finding.severity, policy)


def _of_level(level: RiskLevel, policy: Policy) -> Answer:
    if level >= policy.block_on:
        return Answer.BLOCK
    return Answer.ASK if policy.ask_on is not None and level >= policy.ask_on else Answer.ALLOW


def _exemption(
    call: ToolCall, finding: Finding, policy: Policy, paths: Sequence[str]
) -> Exemption | None:
    return next(
        (
            each
            for each in policy.exemptions
            if call.started_ns < each.expires_ns
            and matches(each.rule_id, finding.rule_id)
            and _covers(each, call, finding, paths)
        ),
        None,
    )


def _covers(exemption: Exemption, call: ToolCall, finding: Finding, paths: Sequence[str]) -> bool:
    """Whether the exemption speaks of this finding in the call; where in doubt, it does not."""
    if exemption.tool and not any(matches(exemption.tool, name) for name in tool_names(call)):
        return False
    if exemption.user and not any(matches(exemption.user, name) for name in _names(call)):
        return False
    if exemption.path and not _is_of_path(exemption.path, call, finding, paths):
        return False
    return not exemption.command or _is_of_command(exemption.command, call, paths)


def _is_of_path(glob: str, call: ToolCall, finding: Finding, paths: Sequence[str]) -> bool:
    """Every path of the call fits, and so does what the finding is about.

    Beside a path that is exempted, a command line may hold a push or a statement that names none.
    """
    if not paths or not all(matches(glob, path) for path in paths):
        return False
    return call.action in _OF_FILES or matches(glob, finding.excerpt)


def _is_of_command(glob: str, call: ToolCall, paths: Sequence[str]) -> bool:
    """Every command line of the call fits; behind a `*` none reaches out of the project."""
    told: list[Json] = [call.arguments.get(name) for name in _COMMANDS]
    commands = [command for command in told if command]
    if not commands or not all(
        isinstance(command, str) and matches_command(glob, command) for command in commands
    ):
        return False
    home = (call.cwd or "").rstrip("/")
    is_open = "*" in glob
    return not is_open or all(home and path.startswith(f"{home}/") for path in paths)


def _names(call: ToolCall) -> list[str]:
    actor = call.actor
    return [name for name in (actor.user_email, actor.user_name, actor.user_id) if name]


def _exempt(finding: Finding, exemption: Exemption) -> str:
    until = datetime.fromtimestamp(min(exemption.expires_ns / 1e9, 2e11), UTC).date().isoformat()
    return (
        f"{finding.rule_id} is let through until {until} by exemption {exemption.id} "
        f"of {exemption.owner}: {exemption.reason}"
    )
