"""What a command line says of itself: verb, object, recursion, force, where it reaches, and back.

For people who ask why (`explain`): rules ask the line itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from agentaudit_processor.classify.deeds import Deed, DeedKind
from agentaudit_processor.classify.tables import table

_WITH_SUBCOMMAND = table(
    """
    git docker podman nerdctl kubectl oc helm terraform tofu terragrunt pulumi cdk aws gcloud az
    npm pnpm yarn bun cargo go pip uv poetry gh glab heroku fly flyctl vercel netlify wrangler
    railway supabase firebase systemctl service apt apt-get dnf yum brew snap zfs zpool btrfs ip
    nmcli restic borg rclone vault consul nomad argocd flux redis-cli op doppler nats mc bq gsutil
    """
)
_DEEPER = table("aws gcloud az gh glab docker podman npm kubectl")
"""What they do stands in the second word behind the program: `gh repo delete`."""
_RECURSIVE = table("-r -R --recursive -a --archive --all -A --all-namespaces --cascade")
_FORCED = table(
    """
    -f --force -y --yes --assume-yes -q --quiet --auto-approve -auto-approve --no-prompt --no-input
    --noinput --force-with-lease --skip-final-snapshot --no-confirm --noconfirm --confirm
    --grace-period=0 --force-delete-without-recovery --hard --now --no-preserve-root
    """
)
_REACHES: Mapping[str, frozenset[str]] = {
    "cluster": table("kubectl oc helm helmfile argocd flux istioctl eksctl kops velero kustomize"),
    "cloud account": table(
        """
        aws gcloud gsutil bq az oci doctl hcloud linode-cli terraform tofu terragrunt pulumi cdk sam
        serverless heroku fly flyctl vercel netlify wrangler railway supabase firebase
        """
    ),
    "database": table(
        """
        psql mysql mariadb sqlite3 mongosh mongo redis-cli cqlsh clickhouse-client dropdb
        mysqladmin etcdctl influx sqlcmd
        """
    ),
    "remote host": table("ssh scp sftp rsync ansible ansible-playbook salt pdsh curl wget"),
    "code platform": table("gh glab hub tea"),
    "containers": table("docker podman nerdctl docker-compose crictl"),
}
_FINAL = table(
    """
    delete destroy rm rb drop truncate purge prune wipe shred format terminate flushall flushdb
    remove uninstall unpublish yank clean clear forget dd mkfs wipefs blkdiscard unlink
    dropdb purge-queue schedule-key-deletion reset filter-branch filter-repo
    """
)
_TAKEN_BACK = table(
    "commit add stash mv cp create apply deploy start stop restart cordon scale tag"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Facts of one command."""

    verb: str
    """Program and subcommand: `kubectl delete`."""
    object: str
    """What it is done to, as the line names it."""
    recursive: bool
    forced: bool
    """Nobody is asked, or a refusal is overridden."""
    reach: str
    """Beyond this machine: cluster, cloud account, database … Empty for this machine."""
    reversible: bool | None
    """None where the words do not tell."""

    def __str__(self) -> str:
        told = [
            "recursive" if self.recursive else "",
            "forced" if self.forced else "",
            self.reach,
            {True: "can be taken back", False: "cannot be taken back", None: ""}[self.reversible],
        ]
        return ", ".join(part for part in told if part)


def facts_of(deed: Deed) -> Facts | None:
    """The Facts of a command; None for another kind of Deed."""
    if deed.kind is not DeedKind.COMMAND:
        return None
    program, *words = deed.text.split(" ")
    named = [word for word in words if not word.startswith("-")]
    depth = 0 if program not in _WITH_SUBCOMMAND else 2 if program in _DEEPER else 1
    verb, objects = [program, *named[:depth]], named[depth:]
    options = {word.partition("=")[0] for word in words if word.startswith("-")} | set(words)
    letters = {sign for word in words if _is_cluster(word) for sign in word[1:]}
    return Facts(
        verb=" ".join(verb),
        object=" ".join(objects),
        recursive=not options.isdisjoint(_RECURSIVE) or bool(letters & set("rR")),
        forced=not options.isdisjoint(_FORCED) or bool(letters & set("fy")),
        reach=next((name for name, programs in _REACHES.items() if program in programs), ""),
        reversible=_reversible(verb, options),
    )


def _is_cluster(word: str) -> bool:
    return word[:1] == "-" and word[1:2] != "-" and 1 < len(word) <= 6 and word[1:].isalpha()


def _reversible(verb: list[str], options: set[str]) -> bool | None:
    lower = [word.lower() for word in verb]
    parts = {part for word in lower for part in (word, word.partition("-")[0])}
    if not parts.isdisjoint(_FINAL) or "--hard" in options:
        return False
    return True if not parts.isdisjoint(_TAKEN_BACK) else None
