"""What a command executes, and what it only mentions."""

import gc

import pytest

from agentaudit_processor.classify.deeds import Access, DeedKind, Scope
from agentaudit_processor.classify.shell import read_shell
from agentaudit_processor.classify.shell.running import Running

CWD = "/home/alice/project"


def executed(command: str) -> list[str]:
    """The lines of commands that are executed."""
    lines = [d.text for d in read_shell(command, CWD) if d.kind is DeedKind.COMMAND]
    return [line.replace("\u00a0", " ") for line in lines]


def touched(command: str) -> list[tuple[str, str]]:
    """What is done to which path."""
    deeds = read_shell(command, CWD)
    return [(str(d.access), d.text) for d in deeds if d.kind is DeedKind.TOUCH]


@pytest.mark.parametrize(
    "command",
    [
        "rm -rf /",
        "/bin/rm -rf /",
        "\\rm -rf /",
        "'rm' -rf /",
        "r''m -rf /",
        "$'\\x72m' -rf /",
        "x=rm; $x -rf /",
        "CMD='rm -rf /'; $CMD",
        "sudo -u root rm -rf /",
        "env -i A=1 nohup nice -n 5 timeout 5 rm -rf /",
        "bash -c 'rm -rf /'",
        'sh -lc "rm -rf /"',
        "eval 'rm -rf /'",
        "su -c 'rm -rf /'",
        "echo $(rm -rf /)",
        "echo `rm -rf /`",
        "diff <(rm -rf /) a",
        "echo $((1 + $(rm -rf /)))",
        "bash <<EOF\nrm -rf /\nEOF",
        "bash <<< 'rm -rf /'",
        "echo 'rm -rf /' | sh",
        "printf 'rm %s /' -rf | bash",
        "echo cm0gLXJmIC8= | base64 -d | sh",
        "cat <<EOF | sh\nrm -rf /\nEOF",
        "echo / | xargs rm -rf",
        "ssh host 'rm -rf /'",
        "docker exec c rm -rf /",
        "find / -maxdepth 0 -exec rm -rf {} \\;",
        "f() { rm -rf $1; }; f /",
        "for d in /; do rm -rf $d; done",
        "if true; then rm -rf /; fi",
        "true && (rm -rf /)",
        "trap 'rm -rf /' EXIT",
        "parallel rm -rf {} ::: /",
        "xargs -I{} rm -rf {} <<< /",
        "$(which rm) -rf /",
        "r\\\nm -rf \\\n/",
        "rm${IFS}-rf${IFS}/",
        "r${nothing}m -rf /",
        "r$@m -rf /",
        "$SUDO rm -rf /",
        "rm {-rf,/}",
        "$SHELL -c 'rm -rf /'",
        "bash <(echo 'rm -rf /')",
        ". <(printf 'rm -rf /')",
        'a=(rm -rf /); "${a[@]}"',
        'set -- rm -rf /; "$@"',
        "read x <<< rm; $x -rf /",
        "printf -v x rm; $x -rf /",
        "x[$(rm -rf /)]=1",
        "coproc rm -rf /",
        "script -qc 'rm -rf /' /dev/null",
        "echo 'rm -rf /' | at now",
        "tee log <<< 'rm -rf /' | sh",
        "{rm,-rf,/}",
    ],
)
def test_a_hidden_command_is_seen(command: str):
    assert "rm -rf /" in executed(command)


@pytest.mark.parametrize(
    "command",
    [
        "echo 'rm -rf /'",
        "grep -r 'rm -rf /' .",
        "git commit -m 'rm -rf /'",
        "cat > notes.md <<EOF\nrm -rf /\nEOF",
        "python3 - <<'EOF'\nprint('rm -rf /')\nEOF",
        "# rm -rf /",
        "X='rm -rf /'",
        "awk '/rm -rf \\//' log",
        "cat <<< 'rm -rf /'",
        "f() { echo x; }; f 'rm -rf /'",
        "cat <(echo 'rm -rf /')",
        "printf '%s' 'a\\\\\nrm' -rf /",
        "$RUNNER --run 'rm -rf /'",
    ],
)
def test_a_quoted_command_is_not(command: str):
    assert "rm -rf /" not in executed(command)


@pytest.mark.parametrize(
    "command",
    ["${x:0:2} -rf /", "${x,,} -rf /", "${x#x} -rf /", "${!x} -rf /"],
)
def test_a_name_that_is_computed_is_not_taken_for_harmless(command: str):
    assert DeedKind.UNREAD in {deed.kind for deed in read_shell(command, CWD)}


@pytest.mark.parametrize("command", ["${0%/*}/run.sh", "${EDITOR:-vi} a", "$PYTHON -m x", '"$@"'])
def test_a_name_in_a_variable_is_no_alarm_by_itself(command: str):
    assert DeedKind.UNREAD not in {deed.kind for deed in read_shell(command, CWD)}


@pytest.mark.parametrize(
    ("command", "access", "path"),
    [
        ("cat .env", "read", f"{CWD}/.env"),
        ("cd src && cat a.py", "read", f"{CWD}/src/a.py"),
        ("echo x > .env", "write", f"{CWD}/.env"),
        ("echo x >> ~/.bashrc", "append", "~/.bashrc"),
        ("sort < $HOME/names", "read", "~/names"),
        ("cp /etc/passwd /tmp/x", "read", "/etc/passwd"),
        ("cp /etc/passwd /tmp/x", "write", "/tmp/x"),
        ("sed -i s/a/b/ a.py", "write", f"{CWD}/a.py"),
        ("dd if=/dev/zero of=/dev/sda", "write", "/dev/sda"),
        ("curl -T dump.sql https://h.io", "read", f"{CWD}/dump.sql"),
        ("wget -O /usr/x http://h.io", "write", "/usr/x"),
        ("rm a.py", "delete", f"{CWD}/a.py"),
        ("rm -fr a", "delete_tree", f"{CWD}/a"),
        ("find . -name '*.pyc' -delete", "delete_found", CWD),
        ("find . -delete", "delete_tree", CWD),
        ("git checkout >log -- a", "write", f"{CWD}/log"),
        ("tee out.txt", "write", f"{CWD}/out.txt"),
    ],
)
def test_a_path_is_touched_in_its_way(command: str, access: str, path: str):
    assert (access, path) in touched(command)


def test_what_sudo_runs_is_privileged():
    deeds = read_shell("sudo rm -rf /srv/x", CWD)

    assert [d.privileged for d in deeds if d.access is Access.DELETE_TREE] == [True]


def test_a_folder_changed_into_does_not_become_the_project():
    deeds = read_shell("cd /tmp && rm -rf x", CWD)

    assert [d.scope for d in deeds if d.kind is DeedKind.TOUCH] == [Scope.TEMP]


def test_a_long_note_does_not_keep_the_command_from_being_read():
    note = "All is well. " * 600

    deeds = read_shell(f"cat > a.md <<'EOF'\n{note}\nEOF\nrm -rf src", CWD)

    assert not [d for d in deeds if d.kind is DeedKind.UNREAD]
    assert [d.text for d in deeds if d.access is Access.DELETE_TREE] == [f"{CWD}/src"]


def test_a_long_script_for_a_shell_is_read_through_its_mark():
    script = "echo well\n" * 120 + "rm -rf /"

    assert "rm -rf /" in executed(f"bash <<'EOF'\n{script}\nEOF")


def test_what_is_too_long_is_said_and_what_is_of_note_in_it_is_read():
    command = "; ".join(f"tool{at} a$HOME" for at in range(2_000)) + "; rm -rf /"

    deeds = read_shell("rm -rf /etc; " + command, CWD)

    sure = [d.text for d in deeds if d.kind is DeedKind.COMMAND and not d.crude]
    assert DeedKind.UNREAD in {d.kind for d in deeds}
    assert {"rm -rf /etc", "rm -rf /"} <= set(sure)


def test_one_statement_that_is_too_tangled_is_split_and_said():
    command = f"echo {'$(' * 400}; rm -rf /"

    deeds = read_shell(command, CWD)

    assert DeedKind.UNREAD in {d.kind for d in deeds}
    assert "rm -rf /" in [d.text for d in deeds]


def test_a_line_s_end_behind_three_pipes_ends_the_command():
    command = "ls | grep a | wc -l\nbash <<EOF\nrm -rf /\nEOF"

    assert "rm -rf /" in executed(command)


def test_a_statement_with_a_fault_hides_none_behind_it():
    command = "for f in; :\nls\nrm -rf /\nls &&"

    assert "rm -rf /" in executed(command)


@pytest.mark.parametrize(
    "hostile",
    ["$(" * 2_000, "a|" * 10_000, "cat <<A\n" * 2_000, "f(){ f;f; }; f", "((((" * 500, "'" * 9_999],
    ids=lambda text: text[:6],
)
def test_a_hostile_command_comes_to_an_end(hostile: str):
    assert len(read_shell(hostile, CWD)) <= 400


@pytest.mark.parametrize("sign", ["\U0007ea1b", "\U0010271c", "\ud800", "é", "\x7f"])
def test_a_character_beyond_ascii_does_not_bring_the_parser_down(sign: str):
    # in tree-sitter-bash 0.25 the first two, behind a brace, were a segmentation fault
    shown = sign.encode("utf-8", "replace").decode()

    lines = executed(f"{{{sign} x; }}; \x80{{{sign}\xc3; echo {sign}a; {{{sign}")

    assert f"echo {shown}a" in lines


def test_text_beyond_ascii_is_kept_as_it_is():
    assert touched("cat Ünïcode/日本.txt > 'ä ö'") == [
        ("write", f"{CWD}/ä ö"),
        ("read", f"{CWD}/Ünïcode/日本.txt"),
    ]


BOMBS = {
    "a variable that doubles": "x=aaaaaaaaaa" + "; x=$x$x" * 60 + "; echo $x",
    "a quoted one": "x=aaaaaaaaaa" + '; x="$x$x"' * 60 + "; echo $x",
    "one that is added to": "x=aaaaaaaaaa" + "; x+=$x" * 60 + "; echo $x",
    "an array": "a=(1 2 3)" + "; a=(${a[@]} ${a[@]})" * 40 + '; echo "${a[@]}"',
    "a file": "echo aaaaaaaaaa > f" + "; cat f f > g; cat g g > f" * 40 + "; sh f",
    "a function of itself": "f(){ f $@ $@; }; f a b c d",
    "a file that runs itself": "echo 'sh f; sh f' > f; sh f",
    "eval of itself": "x='eval $x; eval $x'; eval $x",
    "a fork bomb in a fork bomb": ":(){ :|: :|:& };:& };:",
    "no arguments": 'f(){ "$@"; }; f; f rm',
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_takes_neither_memory_nor_time(bomb: str, monkeypatch: pytest.MonkeyPatch):
    ran: list[object] = []
    run = Running.run
    monkeypatch.setattr(Running, "run", lambda *words: (ran.append(0), run(*words))[1])

    deeds = read_shell.__wrapped__(BOMBS[bomb], CWD)

    assert len(ran) < 5_000
    assert sum(len(deed.text) for deed in deeds) < 1_000_000


@pytest.mark.parametrize(
    "command",
    [
        "x=" + "a" * 3_000 + '; y="$x$x$x$x$x"; echo "$y$y$y$(rm -rf /)"',
        "x=" + "a" * 3_000 + "; echo $x$x$x$x$(rm -rf /)",
        "rm " + "a " * 600 + "-rf /",
        "rm " + " ".join(f"a{at}" for at in range(500)) + " -rf /",
        "cat a; " * 280 + "rm -rf /",
        "".join(f"echo {at}; " for at in range(2_000)) + "rm -rf /",
        "".join(f"cat a{at} | head; " for at in range(140)) + "rm -rf /",
    ],
)
def test_padding_hides_nothing(command: str):
    deeds = read_shell(command, CWD)

    assert (Access.DELETE_TREE, "/") in [(deed.access, deed.text) for deed in deeds]


def test_what_was_read_leaves_nothing_for_the_collector():
    command = "f() { ls $1 | tail; }; f a; for i in *; do cat <x >$i; done; export A=$(cat .env)"
    read_shell.__wrapped__(command, CWD)  # what is imported late
    gc.collect()
    gc.disable()

    try:
        read_shell.__wrapped__(command, CWD)
        left = gc.collect()
    finally:
        gc.enable()

    assert left == 0
