"""Where in a YAML document the fields of a Policy stand, for whoever has to mend them."""

import re

import yaml

from agentaudit_processor.policy_draft import steps_to
from agentaudit_processor.policy_values import PolicyError

_IN_PACK = re.compile(r"^[\w.]{1,60}\.yaml:(\d{1,6})\b")


def lines_of(text: str, problems: tuple[PolicyError, ...]) -> tuple[int | None, ...]:
    """The line of each problem, from 1; of a field that is missing that of what it should be in.

    None where the document as a whole is meant.

    Args:
        text: the YAML that `problems` were found in.
    """
    try:
        document, root = yaml.safe_load(text), yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return (None,) * len(problems)
    return tuple(_line(document, root, each) for each in problems)


def _line(document: object, node: yaml.Node | None, problem: PolicyError) -> int | None:
    line: int | None = None
    for step in steps_to(document, problem.field):
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == str(step)]
            if not found:  # missing, or a key that YAML reads as something else than it is written
                return line
            key, node = found[-1]  # of two that are alike the last one counts
            line = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = node.start_mark.line + 1
    in_pack = _IN_PACK.match(problem.problem)
    if in_pack and line is not None and isinstance(node, yaml.ScalarNode) and node.style == "|":
        return line + int(in_pack[1])
    return line
