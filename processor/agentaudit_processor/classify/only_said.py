"""Commands and documents that only say, seek or note down: what their text tells of is not done.

Such as `echo 'kill $(pgrep falco)'` or `git commit -m 'no more while true; do claude'`.
"""

from collections.abc import Sequence

from agentaudit_processor.classify.deeds import Access, Deed, DeedKind
from agentaudit_processor.classify.placed import Placed
from agentaudit_processor.classify.saying import SAYING
from agentaudit_processor.classify.sheet import INPUT
from agentaudit_processor.classify.tables import table
from agentaudit_processor.model import Action, Activity

_SAYING_VERBS = {
    "git": table("commit tag log grep show notes"),
    "gh": table("pr issue release"),
    "glab": table("mr issue release"),
}
_TELLING = (Action.SHELL_COMMAND, Action.FILE_WRITE, Action.FILE_EDIT)
_DOCUMENTS = (".md", ".mdx", ".rst", ".txt", ".adoc")


def without_said(
    placed: Sequence[Placed], activity: Activity, deeds: Sequence[Deed]
) -> list[Placed]:
    """`placed` without what a text rule takes for something done, where nothing of it is.

    Secrets, personal data and names of environments are what they are, wherever they stand.
    """
    kept = [one for one in placed if not _is_of_doing(one)]
    if len(kept) < len(placed) and _only_says(activity, deeds):
        return kept
    return list(placed)


def _is_of_doing(one: Placed) -> bool:
    rule = one.rule
    return one.leaf.side == INPUT and not (rule.secret or rule.pii or rule.environment)


def _only_says(activity: Activity, deeds: Sequence[Deed]) -> bool:
    """Whether all is read, and nothing is in it but words; what is not read may do anything."""
    return activity.action in _TELLING and bool(deeds) and all(map(_says, deeds))


def _says(deed: Deed) -> bool:
    if deed.crude:
        return False
    if deed.kind is DeedKind.TOUCH:
        is_kept = deed.access in (Access.WRITE, Access.APPEND)
        return deed.access is Access.READ or (is_kept and deed.text.endswith(_DOCUMENTS))
    if deed.kind is DeedKind.PIPELINE:
        return all(map(_is_saying, deed.text.split(" | ")))
    return deed.kind is DeedKind.COMMAND and _is_saying(deed.text)


def _is_saying(command: str) -> bool:
    program, _, rest = command.partition(" ")
    name, equals, _ = program.partition("=")
    if program in SAYING or (equals and name.isidentifier()):
        return True
    return rest.partition(" ")[0] in _SAYING_VERBS.get(program, ())
