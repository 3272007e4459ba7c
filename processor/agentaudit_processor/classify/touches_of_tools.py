"""Which paths are touched by tools that move files about: container clients, git.

Source: reference of docker, kubectl, lxc and vagrant; manual pages of git.
"""

from collections.abc import Iterator, Sequence

from agentaudit_processor.classify.deeds import Access
from agentaudit_processor.classify.tables import table

_COPY_VERBS = table("cp copy scp")
_NAMING_ALL = ("compose", "container")
_VALUED = table("-C -c --git-dir --work-tree --namespace --exec-path --config-env")


def copied_between_machines(argv: Sequence[str]) -> Iterator[tuple[Access, str]]:
    """`docker cp web:/etc/shadow .`, `kubectl cp notes ns/pod:/tmp`, `lxc file pull c1/etc/x .`.

    What is written inside the other machine is not told: its files are not this one's. Of what is
    read there, only the name says what it is.
    """
    words = [word for word in argv[1:] if not word.startswith("-")]
    if words[:1] == ["file"] and words[1:2] in (["pull"], ["push"]):
        yield from _by_lxc(words[1], words[2:])
        return
    words = words[1:] if words[:1] and words[0] in _NAMING_ALL else words
    if len(words) < 3 or words[0] not in _COPY_VERBS:
        return
    for name in words[1:-1]:
        machine, sign, there = name.partition(":")
        is_there = bool(sign) and not machine.startswith((".", "~")) and "//" not in name
        yield (Access.USE, there) if is_there else (Access.READ, name)
    if ":" not in words[-1] and words[-1] != "-":
        yield (Access.WRITE, words[-1])


def _by_lxc(verb: str, names: Sequence[str]) -> Iterator[tuple[Access, str]]:
    for name in names[:-1]:  # the first part of a path there is the machine's name
        if verb == "push":
            yield (Access.READ, name)
        else:
            yield (Access.USE, "/" + name.partition("/")[2])
    if verb == "pull" and len(names) > 1:
        yield (Access.WRITE, names[-1])


def touched_by_git(argv: Sequence[str]) -> Iterator[tuple[Access, str]]:
    """Files that git puts back or shows: `git -C dir checkout HEAD -- file`, `git show @:.env`."""
    folder, words = ".", list(argv[1:])
    while words and words[0].startswith("-"):
        option, sign, value = words.pop(0).partition("=")
        if not sign and option in _VALUED and words:
            value = words.pop(0)
        folder = value if option in ("-C", "--work-tree") else folder
    verb, rest = (words[0], words[1:]) if words else ("", [])
    if verb in ("checkout", "restore", "checkout-index"):
        only_index = "--staged" in rest and "--worktree" not in rest
        paths = () if only_index else _paths_of(rest)
        yield from ((Access.WRITE, f"{folder}/{path}") for path in paths)
    elif verb in ("show", "cat-file"):
        shown = (word.partition(":")[2] for word in rest if word[:1] not in ("-", ":"))
        yield from ((Access.READ, f"{folder}/{path}") for path in shown if path)
    elif folder != "." and (verb in ("stash", "pull") or (verb == "reset" and "--hard" in rest)):
        yield (Access.WRITE, folder)


def _paths_of(words: Sequence[str]) -> Iterator[str]:
    """The files among `words`, which may name a branch or a version too."""
    if "--" in words:
        yield from words[list(words).index("--") + 1 :]
        return
    for word in words:
        _, dot, ending = word.rpartition("/")[2].rpartition(".")
        if dot and ending.isalpha() and word[:1] != "-":
            yield word
