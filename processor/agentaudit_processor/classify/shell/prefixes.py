"""Programs that run the words behind them: `sudo`, `env`, `timeout 5`, `npm exec --`, `op run --` …

Source: the manual pages of the programs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# `!`: it runs them with more rights; `+1`: so many words stand before them; `/run`: only behind
# this word; `--`: they stand behind that, where there is one; other options take a value.
_TABLE = """
sudo!        -u -g -h -p -C -r -t -T -U -D -R --user --group --host --chdir --chroot --prompt
doas!        -u -C
pkexec!      --user
run0!        -u -g -D --user --group --chdir --nice --setenv --unit --property
sg +1
gosu +1
su-exec +1
setpriv      --reuid --regid --groups --inh-caps --ambient-caps --bounding-set
capsh        --user --caps
env          -u -C -P -S --unset --chdir
nohup
time         -f -o
nice         -n
ionice       -c -n -p
chrt +1
taskset +1
numactl      -N -m -C
prlimit
cpulimit     -l -e -p
timeout +1   -k -s --kill-after --signal
gtimeout +1  -k -s
stdbuf       -i -o -e
unbuffer
chronic
ifne
setsid
dtach        -n -N -A -c -r -e
abduco       -n -c -A -e
zellij/run   -d -n --name --cwd
wezterm/start --cwd --class
foot         -a -T -W
tsp
pueue/add    -g -w -l -d --group --label
rlwrap       -a -f -c
trickle      -d -u
faketime +1
catchsegv
nsjail       -c -C -u -g
schroot      -c -u -d
apptainer/exec +1 -B --bind
singularity/exec +1 -B --bind
rr/record
coproc
command
builtin
exec         -a
busybox
toybox
watch        -n -d --interval
chroot! +1   --userspec --groups
arch-chroot! +1
systemd-nspawn! -D -M -i --directory --image --bind
proot        -r -b -w
unshare
nsenter!     -t -S -G --target
bwrap        --ro-bind --bind --dev --proc --tmpfs
firejail
fakeroot
fakechroot
flock +1     -w -E --timeout
strace       -e -o -p -s
ltrace       -e -o
valgrind
perf/stat,record -e -o -p
gdb/--args
caffeinate   -t -w
proxychains  -f
proxychains4 -f
torsocks
torify
sshpass      -p -f -d
ssh-agent    -t -a
dbus-run-session
xvfb-run     -s -n --server-args
systemd-run  -p -u -E --unit --on-calendar --property --on-active --slice --uid --gid --setenv
systemd-inhibit --what --who --why --mode
start-stop-daemon --exec -x --pidfile -p
daemonize    -c -e -o -p -l -u
runuser!     -u -g
setarch +1
linux64
cgexec       -g
logsave +1
tini         -s
dumb-init
hyperfine    -w -r -n --warmup --runs
watchexec    -w -e -f --watch --exts
entr
reflex       -r -g
direnv/exec +1
dotenv       -f
dotenvx/run  -f
mise/exec,x   --
asdf/exec     --
rtx/exec,x    --
pixi/run,exec,x -e -s -c --environment --manifest-path --spec --channel
devenv/shell  --
spack/build-env +1 --
guix/shell    --
volta/run
fnm/exec     --using
nvm/exec,run +1
rbenv/exec
pyenv/exec
bundle/exec
uv/run       --with --python -p --extra --group --env-file --directory
poetry/run
pipenv/run
pdm/run
hatch/run
rye/run
conda/run    -n -p --name --prefix
mamba/run    -n -p
micromamba/run -n -p
npx          -p --package -w
bunx
uvx          --from --with
pipx/run     --spec
npm/exec,x   -p --package -w --workspace
pnpm/exec,dlx,x --filter -F --package -C
yarn/exec,dlx -p --package
bun/x
nix/run,shell,develop
devbox/run
op/run       --env-file --account
doppler/run  -p -c --project --config --command
infisical/run --env --path --projectId
aws-vault/exec +1 -d --duration
aws-okta/exec +1
saml2aws/exec -a
chamber/exec +1
envconsul    -config -secret
teller/run
sops/exec-env +1
vault-env
tailscale/ssh +1
lxc/exec +1
incus/exec +1
multipass/exec +1
distrobox/enter -n
toolbox/run  -c
flatpak-spawn
wsl          -d -u --distribution --user
minikube/ssh -p
colima/ssh
limactl/shell +1
nomad/exec +1 -task -job
railway/run  -s -e
heroku/run   -a --app
if
then
do
else
!
"""


_MAX_PREFIXES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prefix:
    takes_value: frozenset[str]
    positionals: int
    """How many words stand before the command."""
    subcommands: tuple[str, ...]
    """It runs the rest only after one of these; empty for always."""
    is_root: bool


def _read(table: str) -> Mapping[str, _Prefix]:
    prefixes: dict[str, _Prefix] = {}
    for line in table.strip().splitlines():
        head, *words = line.split()
        name, _, subcommands = head.rstrip("!").partition("/")
        plus = [word for word in words if word.startswith("+")]
        prefixes[name] = _Prefix(
            takes_value=frozenset(word for word in words if word.startswith("-")),
            positionals=int(plus[0]) if plus else 0,
            subcommands=tuple(subcommands.split(",")) if subcommands else (),
            is_root=head.endswith("!"),
        )
    return prefixes


PREFIXES = _read(_TABLE)


def behind(program: str, argv: Sequence[str]) -> Sequence[str]:
    """The words that `program`, one of PREFIXES, runs; empty for none."""
    prefix = PREFIXES[program]
    rest = list(argv[1:])
    if prefix.subcommands:
        if not rest or rest[0] not in prefix.subcommands:
            return ()
        rest.pop(0)
    if "--" in prefix.takes_value and "--" in rest:  # versions stand before: `mise x node@20 -- …`
        return rest[rest.index("--") + 1 :]
    rest = _without_options(program, prefix, rest)[prefix.positionals :]
    return rest[1:] if rest[:1] == ["--"] else rest


def unprefixed(line: str) -> str:
    """`line` of a command without the programs before it that only run it: `sudo -u root sh`."""
    words: Sequence[str] = line.split(" ")
    for _ in range(_MAX_PREFIXES):
        program = words[0].rpartition("/")[2] if words else ""
        if program not in PREFIXES or not (inner := behind(program, words)):
            break
        words = inner
    return " ".join(words)


def is_root(program: str) -> bool:
    """Whether what `program` runs has more rights than its caller."""
    return PREFIXES[program].is_root


def _without_options(program: str, prefix: _Prefix, rest: list[str]) -> list[str]:
    while rest:
        word = rest[0]
        if word == "--":
            return rest[1:]
        if word.startswith("-") and len(word) > 1:
            rest.pop(0)
            last = f"-{word[-1]}" if not word.startswith("--") else word
            if (word in prefix.takes_value or last in prefix.takes_value) and rest:
                rest.pop(0)
        elif program in ("env", "sudo", "doas") and is_assignment(word):
            rest.pop(0)
        else:
            break
    return rest


def is_assignment(word: str) -> bool:
    """Tell whether `word` sets a variable: `A=1`."""
    name, sign, _ = word.partition("=")
    return bool(sign) and name.isidentifier()
