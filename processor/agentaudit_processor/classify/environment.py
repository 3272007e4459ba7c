"""Environment: which stage a call reaches, by the names of hosts, contexts, profiles and variables.

Production is told by the rules of the pack `production`, since other rules weigh more there; here
are the stages before it.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import re2

from agentaudit_processor.classify.deeds import Deed, DeedKind
from agentaudit_processor.classify.tables import table
from agentaudit_processor.classify.visits import host_of

ENVIRONMENTS = ("prod", "staging", "test", "dev")
"""The gravest first."""
_STAGES = {
    "staging": table("staging stage stg preprod uat acceptance canary preview qa"),
    "test": table("test testing tests ci e2e integration tst"),
    "dev": table(
        """
        dev develop development local localhost sandbox minikube kind desktop playground scratch
        127 devel review
        """
    ),
}
# Programs that name what they reach in their words: a host, a context, a profile, a workspace.
_REACHING = table(
    """
    psql pgcli mysql mariadb mongosh mongo redis-cli ssh sftp scp rsync kubectl oc helm helmfile
    terraform tofu terragrunt pulumi aws gcloud gsutil az heroku fly flyctl ansible ansible-playbook
    salt cqlsh sqlcmd clickhouse-client pg_dump pg_restore mysqldump docker wrangler serverless sls
    cdk sam eb nomad vault consul kamal cap argocd flux vercel netlify firebase supabase railway
    curl wget http influx etcdctl snowsql bq dropdb createdb doppler infisical sst copilot azd
    """
)
_VARIABLES = (
    r"^(?:[A-Z_]*(?:ENV|ENVIRONMENT|STAGE|PROFILE|WORKSPACE|CONTEXT|CLUSTER|TIER)|KUBECONFIG"
    r"|DATABASE_URL|[A-Z]*_?(?:HOST|URL|DB|DATABASE)|PGDATABASE|DJANGO_SETTINGS_MODULE)=(\S+)"
)


def environment_of(deeds: Sequence[Deed]) -> str:
    """The stage that `deeds` reach: staging, test, dev or unknown."""
    reached = {stage for deed in deeds for stage in _stages(deed)}
    return next((name for name in ENVIRONMENTS if name in reached), "unknown")


def _stages(deed: Deed) -> Iterator[str]:
    if deed.kind is DeedKind.VISIT:
        text = host_of(deed.text)
    elif deed.kind is not DeedKind.COMMAND:
        return
    else:
        program, _, rest = deed.text.partition(" ")
        if "=" in program:
            variable = _variable().search(program)
            text = str(variable.group(1)) if variable is not None else ""
        elif program in _REACHING:
            # a word with spaces inside is a text: a statement, a message
            text = " ".join(word for word in rest.split(" ") if "\u00a0" not in word)
        else:
            return
    words = _words(text[:1000])
    for stage, names in _STAGES.items():
        if not names.isdisjoint(words):
            yield stage


@cache
def _variable() -> Any:
    return re2.compile(_VARIABLES)


def _words(text: str) -> set[str]:
    """Runs of ASCII letters and digits, in lower case."""
    return set(text.encode("ascii", "replace").translate(_PARTED).decode().split())


_PARTED = bytes(
    ord(chr(sign).lower()) if sign < 128 and chr(sign).isalnum() else 32 for sign in range(256)
)
