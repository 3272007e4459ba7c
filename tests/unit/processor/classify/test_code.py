"""What code in other languages does, by the calls that it spells out."""

import pytest

from agentaudit_processor.classify.code import read_code
from agentaudit_processor.classify.deeds import DeedKind


@pytest.mark.parametrize(
    ("code", "deed"),
    [
        ("import os; os.remove('/etc/hosts')", ("delete", "/etc/hosts")),
        ("shutil.rmtree('src')", ("delete_tree", "/srv/a/src")),
        ("with open('/root/.bashrc', 'a') as f:\n    f.write('x')", ("append", "/root/.bashrc")),
        ("name = '.env'\nwith open(name) as f: pass", ("read", "/srv/a/.env")),
        ("p = os.path.join('/usr', '../etc/shadow')\nopen(p)", ("read", "/etc/shadow")),
        ("shutil.copy(src, '/usr/x')\n", None),
        ("s = 'a'\nshutil.copy(s, '/usr/x')", ("write", "/usr/x")),
        ("fs.rmSync('dist', {recursive: true})", ("delete_tree", "/srv/a/dist")),
        ('system "rm -rf src"', ("delete_tree", "/srv/a/src")),
        ("subprocess.run(['rm', '-rf', 'src'])", ("delete_tree", "/srv/a/src")),
        ("print('os.remove(1)')", None),
    ],
)
def test_a_call_is_read(code: str, deed: tuple[str, str] | None):
    deeds = [d for d in read_code(code, "/srv/a") if d.kind is DeedKind.TOUCH]

    assert [(str(d.access), d.text) for d in deeds][-1:] == ([deed] if deed else [])


TREE = ("delete_tree", "/srv/a/src")


@pytest.mark.parametrize(
    ("code", "deed"),
    [
        ("for f in os.listdir('src'):\n    os.remove(os.path.join('src', f))", TREE),
        ("[p.unlink() for p in Path('src').rglob('*')]", TREE),
        ("for p in Path('src').glob('*.pyc'):\n    p.unlink()", ("delete_found", "/srv/a/src")),
        ("Path('a.py').unlink()", ("delete", "/srv/a/a.py")),
        ("p = Path('/etc/issue')\np.unlink()", ("delete", "/etc/issue")),
        ("(Path('/etc') / 'hosts').write_text('')", ("write", "/etc/hosts")),
        ("Path('/etc/hosts').write_text('')", ("write", "/etc/hosts")),
        ("d = 'src'\nos.system(f'rm -rf {d}')", TREE),
        ("subprocess.run('rm -rf src'.split())", TREE),
        ("subprocess.run(shlex.split('rm -rf src'))", TREE),
        ("os.execvp('rm', ['rm', '-rf', 'src'])", ("delete_tree", "/srv/a/src")),
        ("require('child_process').execSync('rm -rf src')", TREE),
        ("spawn('rm', ['-rf', 'src'])", TREE),
        ("await Deno.remove('a.py')", ("delete", "/srv/a/a.py")),
        ("fs.promises.rm('src', {recursive: true})", TREE),
        ("await $`rm -rf src`", TREE),
        ('exec.Command("rm", "-rf", "src").Run()', TREE),
        ('os.RemoveAll("src")', TREE),
        ('Command::new("rm").args(["-rf", "src"]).status()', TREE),
        ('std::fs::remove_dir_all("src")', TREE),
        ('new ProcessBuilder("rm", "-rf", "src").start();', TREE),
        ('Runtime.getRuntime().exec("rm -rf src");', TREE),
        ("FileUtils.rm_rf('src')", TREE),
        ("exec 'rm', '-rf', 'src'", TREE),
        ("array_map('unlink', glob('src/*'));", TREE),
        ("`rm -rf src`", TREE),
        ("%x(rm -rf src)", TREE),
        ("qx{rm -rf src}", TREE),
        ("<?php shell_exec('rm -rf src'); ?>", TREE),
        ('os.execute("rm -rf src")', TREE),
        ('do shell script "rm -rf src"', TREE),
        (
            'tell application "Finder" to delete POSIX file "/var/log/a"',
            ("delete_tree", "/var/log/a"),
        ),
    ],
)
def test_each_language_s_way_to_delete_is_read(code: str, deed: tuple[str, str]):
    deeds = [d for d in read_code(code, "/srv/a") if d.kind is DeedKind.TOUCH]

    assert deed in [(str(d.access), d.text) for d in deeds]


@pytest.mark.parametrize(
    "code",
    [
        "print('rm -rf src')",
        "x = ['rm', '-rf', 'src']",
        "log.info('os.remove(%s)', path)",
        "for f in os.listdir('src'):\n    print(f)",
        "console.log('rm -rf src')",
    ],
)
def test_text_of_a_program_is_not_run(code: str):
    deeds = list(read_code(code, "/srv/a"))

    assert [] == [d for d in deeds if d.access and str(d.access).startswith("delete")]


def test_a_script_behind_many_others_is_read_too():
    many = [f"puts `ls a{at} | wc -l`" for at in range(90)]

    deeds = list(read_code("\n".join([*many, "`rm -rf src`"]), "/srv/a"))

    assert TREE in [(str(d.access), d.text) for d in deeds]
    assert DeedKind.UNREAD not in {d.kind for d in deeds}


def test_a_program_of_more_scripts_than_are_read_says_so():
    many = [f"puts `curl https://host{at}.example/{'a' * at}{at}`" for at in range(90)]

    deeds = list(read_code("\n".join(many), "/srv/a"))

    assert DeedKind.UNREAD in {d.kind for d in deeds}
