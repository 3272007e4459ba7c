"""Programs that run the value of an option as a command: `tar --to-command`, `rsync -e` …

And the options that stand before a subcommand and say only where to look.
Source: the manual pages of the programs.
"""

from collections.abc import Iterator, Mapping, Sequence

_RUN = """
tar         --checkpoint-action=exec= --to-command -I --use-compress-program -F --info-script
rsync       -e --rsh --rsync-path
scp         -S -oProxyCommand= -oLocalCommand=
sftp        -S -oProxyCommand=
ssh         -oProxyCommand= -oLocalCommand=
sort        --compress-program
split       --filter
zip         -TT --unzip-command
man         -P -H --pager
script      -c --command
flock       -c --command
sg          -c
su          -c --command
runuser     -c --command
machinectl  --command
entr        -s
nodemon     --exec -x
npm         -c --call
npx         -c --call
pnpm        -c --shell-mode
doppler     --command
git         --exec -O --open-files-in-pager --extcmd --upload-pack --receive-pack
git         --tree-filter --index-filter --msg-filter --env-filter --commit-filter
git         --tag-name-filter --parent-filter
make        --eval SHELL=
gcc         -wrapper
socat       EXEC: SYSTEM:
capsh       -c
ncat        -e -c --exec --sh-exec
nc          -e -c
logrotate   --mail
tcpdump     -z
wget        --use-askpass
mysql       --pager
xterm       -e
gnome-terminal -e
konsole     -e
alacritty   -e
kitty       -e
nix-shell   --run --command
nix         -c --command
vagrant     -c --command
gcloud      --command
fly         -C --command
flyctl      -C --command
az          --scripts
nomad       --command
ansible     -a --args
hyperfine   --prepare --setup --cleanup
"""


def _read(table: str) -> Mapping[str, tuple[str, ...]]:
    options: dict[str, tuple[str, ...]] = {}
    for name, *more in (line.split() for line in table.strip().splitlines()):
        options[name] = (*options.get(name, ()), *more)
    return options


_RUNNING = _read(_RUN)


def has_values_run(program: str) -> bool:
    """Tell whether `values_run` knows options of `program`."""
    return program in _RUNNING


def values_run(program: str, argv: Sequence[str]) -> Iterator[str]:
    """The commands that stand in options of `program`."""
    for option in _RUNNING.get(program, ()):
        for at, word in enumerate(argv[1:], start=1):
            after = argv[at + 1] if at + 1 < len(argv) else ""
            if option[-1] in "=:":
                # `--checkpoint-action=exec=x`, `EXEC:x`, `-oProxyCommand=x`, `-o ProxyCommand=x`
                whole = word + after if word == "-o" else word
                if whole.startswith(option):
                    yield whole[len(option) :].partition(",")[0]
            elif after and (word == option or _ends_in(word, option)):
                yield after
            elif option.startswith("--") and word.startswith(option + "="):
                yield word[len(option) + 1 :]


def _ends_in(cluster: str, option: str) -> bool:
    """Tell whether the short `option` is the last of a `cluster`: `-qc`."""
    short = len(option) == 2 and cluster[:1] == "-" and cluster[1:2] != "-"
    return short and 2 < len(cluster) < 6 and cluster.endswith(option[1])


_OF_REDIS = (
    "-h -p -a -n -u -s -r -i -D -d -t -X --user --pass --sni --cacert --cacertdir --cert --key "
    "--pattern --quoted-pattern --count --type --rdb --functions-rdb"
)
_BEFORE_SUBCOMMAND: Mapping[str, frozenset[str]] = {
    name: frozenset(options.split())
    for name, options in {
        "git": "-C -c --git-dir --work-tree --namespace --exec-path --config-env --super-prefix",
        "docker": "-H --host -c --context -l --log-level --config --tlscacert --tlscert --tlskey",
        "podman": "--connection --url --log-level --root --runroot -c",
        "nerdctl": "-n --namespace -a --address -H --host",
        "docker-compose": "-f --file -p --project-name --env-file --profile --project-directory",
        "kubectl": "-n --namespace --context --cluster --user --kubeconfig -s --server --as",
        "oc": "-n --namespace --context --cluster --user --kubeconfig -s --server --as",
        "helm": "-n --namespace --kube-context --kubeconfig --registry-config",
        "terraform": "", "tofu": "", "terragrunt": "--terragrunt-working-dir --working-dir",
        "pulumi": "-C --cwd -s --stack", "flux": "-n --namespace --context --kubeconfig",
        "argocd": "--server --auth-token --config", "istioctl": "-n --namespace --context -c",
        "velero": "-n --namespace --kubecontext --kubeconfig",
        "npm": "--prefix -w --workspace", "pnpm": "--filter -F -C --dir", "yarn": "--cwd",
        "systemctl": "-H --host -M --machine", "journalctl": "", "apt": "-o -c -t",
        "apt-get": "-o -c -t", "dnf": "-c --setopt", "yum": "-c --setopt",
        "aws": "--profile --region --output --endpoint-url --query --ca-bundle --color",
        "gcloud": "--project --account --configuration --format --verbosity",
        "gsutil": "-h -o -u -i", "bq": "--project_id --location --dataset_id --format",
        "az": "--subscription --output -o --query", "oci": "--profile --region --config-file",
        "doctl": "-t --access-token --context -o --output -u --api-url -c --config",
        "hcloud": "--context --config --endpoint", "gh": "-R --repo", "glab": "-R --repo",
        "heroku": "-a --app", "fly": "-a --app -t", "flyctl": "-a --app -t",
        "vault": "-address -namespace -ca-cert", "consul": "-http-addr -token -datacenter",
        "nomad": "-address -region -namespace -token", "restic": "-r --repo -p --password-file -o",
        "borg": "--rsh --remote-path", "etcdctl": "--endpoints --cacert --cert --key --user",
        **dict.fromkeys(("redis-cli", "valkey-cli", "keydb-cli", "iredis"), _OF_REDIS),
        "rclone": "--config", "supabase": "",
        "ansible-playbook": "", "cf": "", "mc": "-C --config-dir", "nats": "-s --server --creds",
    }.items()
}  # fmt: skip


def plain(argv: Sequence[str]) -> Sequence[str]:
    """`argv` with the options before its subcommand moved behind it.

    They may name what matters (`--context prod`), so they are kept where a rule may ask for them.
    """
    program = argv[0].rpartition("/")[2]
    takes_value = _BEFORE_SUBCOMMAND.get(program)
    if takes_value is None or len(argv) < 2 or not argv[1].startswith("-"):
        return argv
    rest, moved = list(argv[1:]), []
    while rest and rest[0].startswith("-") and rest[0] not in ("--version", "--help", "--"):
        option = rest.pop(0)
        moved.append(option)
        if option in takes_value and rest:
            moved.append(rest.pop(0))
    if program == "git":  # where it works says nothing, and rules ask for the end of the line
        return [argv[0], *rest]
    at = rest.index("--") if "--" in rest else len(rest)
    return [argv[0], *rest[:at], *moved, *rest[at:]]
