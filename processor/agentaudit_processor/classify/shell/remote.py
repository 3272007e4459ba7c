"""Commands run elsewhere: over ssh, in containers, pods and clusters, on fleets of hosts."""

from collections.abc import Iterator, Sequence

from agentaudit_processor.classify.shell.found import Inner
from agentaudit_processor.classify.tables import table

_SSH_VALUES = table("-b -c -D -E -e -F -I -i -J -L -l -m -O -o -p -Q -R -S -W -w")
_CONTAINER_VALUES = table(
    """
    -e -v -w -u -p -h -m -c -l --name --env --volume --workdir --user --network --net --mount
    --entrypoint --publish --hostname --env-file --label --memory --cpus --platform --pid --ipc
    --cap-add --cap-drop --device --security-opt --restart --add-host --log-driver --shm-size
    --ulimit --gpus --index -f --file --project-name --profile --userns --uts --dns --volumes-from
    """
)
_CLUSTER_CLIENTS = ("kubectl", "oc", "crictl")
"""Those in which `--` stands before the command; in others it is a word of the command."""
_FLEET_VALUES = table("-h -H -l -p -w -a -g -n -f -b -S -C -L -E -N -G -I -t -P --hosts --limit")


def over_ssh(argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    """`ssh host 'command'`, and a script that ssh gets as its input."""
    rest = _without_options(list(argv[1:]), _SSH_VALUES)
    if len(rest) > 1:
        words = rest[2:] if rest[1] == "--" else rest[1:]
        yield Inner(kind="shell", text=" ".join(words), stdin=stdin)
        if stdin is not None:  # `ssh host bash -s <<EOF`
            yield Inner(kind="argv", argv=" ".join(words).split(), stdin=stdin)
    elif rest and stdin is not None:
        yield Inner(kind="shell", text=stdin)


def in_container(argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    """`docker exec|run …`, `docker compose exec|run …`, `kubectl exec|run|debug … -- …`."""
    rest = list(argv[1:])
    if rest[:1] in (["compose"], ["container"]):
        rest = _without_options(rest[1:], _CONTAINER_VALUES)
    if rest[:1] not in (["exec"], ["run"], ["debug"], ["rsh"], ["create"]):
        return
    entrypoint = _option(rest, "--entrypoint")
    if "--" in rest and argv[0].rpartition("/")[2] in _CLUSTER_CLIENTS:
        rest = rest[rest.index("--") + 1 :]
    else:
        rest = _without_options(rest[1:], _CONTAINER_VALUES)[1:]
    if entrypoint:
        rest = [entrypoint, *rest]
    if rest:
        yield Inner(kind="argv", argv=rest, stdin=stdin)


def on_fleet(argv: Sequence[str], _stdin: str | None) -> Iterator[Inner]:
    """`pdsh -w hosts command`, `salt '*' cmd.run 'command'`."""
    if "cmd.run" in argv:
        yield Inner(kind="shell", text=" ".join(argv[argv.index("cmd.run") + 1 :]))
        return
    rest = _without_options(list(argv[1:]), _FLEET_VALUES)
    if rest:
        yield Inner(kind="shell", text=" ".join(rest))


def by_cloud(argv: Sequence[str], _stdin: str | None) -> Iterator[Inner]:
    """`aws ssm send-command --parameters 'commands=…'`."""
    for word in argv:
        name, sign, text = word.partition("commands=")
        if sign and not name.strip("{\"' "):
            yield Inner(kind="shell", text=text.strip("[]\"' "))


def _option(words: Sequence[str], name: str) -> str:
    for at, word in enumerate(words):
        if word == name and at + 1 < len(words):
            return words[at + 1]
        if word.startswith(name + "="):
            return word[len(name) + 1 :]
    return ""


def _without_options(rest: list[str], takes_value: frozenset[str]) -> list[str]:
    while rest and rest[0].startswith("-") and rest[0] != "--":
        word = rest.pop(0)
        last = f"-{word[-1]}" if not word.startswith("--") else word
        if (word in takes_value or (last in takes_value and len(word) < 6)) and rest:
            rest.pop(0)
    return rest
