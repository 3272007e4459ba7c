"""Names and values that a program only spells out in pieces are read as what they come to."""

import pytest

from agentaudit_processor.classify.code import read_code
from agentaudit_processor.classify.code.aliases import under_own_names
from agentaudit_processor.classify.code.folding import folded
from agentaudit_processor.classify.deeds import DeedKind

TREE = ("delete_tree", "/srv/a/src")
HOME = ("delete_tree", "~")
KEY = ("read", "~/.ssh/id_rsa")


def touched(code: str) -> list[tuple[str, str]]:
    """What the program does to paths."""
    deeds = [deed for deed in read_code(code, "/srv/a") if deed.kind is DeedKind.TOUCH]
    return [(str(deed.access), deed.text) for deed in deeds]


@pytest.mark.parametrize(
    "code",
    [
        "import subprocess as sp; sp.run('rm -rf src', shell=True)",
        "from os import system as s\ns('rm -rf src')",
        "from subprocess import run\nrun(['rm', '-rf', 'src'])",
        "from shutil import rmtree as gone\ngone('src')",
        "import os; f = os.system; f('rm -rf src')",
        "import os; getattr(os, 'system')('rm -rf src')",
        "__import__('os').system('rm -rf src')",
        "import importlib; importlib.import_module('shutil').rmtree('src')",
        "const {execSync: e} = require('child_process'); e('rm -rf src')",
        "const cp = require('node:child_process'); cp.execSync('rm -rf src')",
        "import { rmSync as r } from 'node:fs'; r('src', {recursive: true})",
        "import * as files from 'fs'; files.rmSync('src')",
        "const f = require('fs/promises'); f.rm('src', {recursive: true})",
        "import('fs').then(f => f.rmSync('src', {recursive: true}))",
        "import('fs').then(({rmSync: r}) => r('src', {recursive: true}))",
        "(await import('fs')).rmSync('src')",
        "require('fs')['rmSync']('src')",
    ],
)
def test_a_function_under_another_name_is_known(code: str):
    assert TREE in touched(code)


@pytest.mark.parametrize(
    ("code", "deed"),
    [
        ("shutil.rmtree(os.path.expanduser('~'))", HOME),
        ("shutil.rmtree(Path.home())", HOME),
        ("shutil.rmtree(os.environ['HOME'])", HOME),
        ("shutil.rmtree(str(pathlib.Path.home()))", HOME),
        ("fs.rmSync(process.env.HOME, {recursive: true})", HOME),
        ("fs.rmSync(require('os').homedir(), {recursive: true})", HOME),
        ("FileUtils.rm_rf(Dir.home)", HOME),
        ('FileUtils.rm_rf ENV["HOME"]', HOME),
        ("rmtree($ENV{HOME})", HOME),
        ('os.RemoveAll(os.Getenv("HOME"))', HOME),
        ("open(os.getenv('HOME') + '/.ssh/id_rsa')", KEY),
        ("open(f'{Path.home()}/.ssh/id_rsa')", KEY),
        ("open(str(Path.home()) + '/.ssh/id_rsa')", KEY),
        ("(Path.home() / '.ssh' / 'id_rsa').read_text()", KEY),
        ("Path('~/.ssh/id_rsa').expanduser().read_text()", KEY),
        ("open(os.path.join(os.path.expanduser('~'), '.ssh', 'id_rsa'))", KEY),
        ("fs.readFileSync(path.join(os.homedir(), '.ssh/id_rsa'))", KEY),
        ("fs.readFileSync(`${process.env.HOME}/.ssh/id_rsa`)", KEY),
        ('File.read("#{Dir.home}/.ssh/id_rsa")', KEY),
    ],
)
def test_a_home_is_known_by_whatever_gives_it(code: str, deed: tuple[str, str]):
    assert deed in touched(code)


@pytest.mark.parametrize(
    "code",
    [
        "os.system('rm ' + '-rf ' + 'src')",
        "a = 'rm -rf '; os.system(a + 'src')",
        "os.system('r' 'm -rf src')",
        "os.system(' '.join(['rm', '-rf', 'src']))",
        "execSync(['rm', '-rf', 'src'].join(' '))",
        "os.system('rm -{} {}'.format('rf', 'src'))",
        "os.system('{0} -rf {1}'.format('rm', 'src'))",
        "os.system('rm %s %s' % ('-rf', 'src'))",
        "os.system('crs fr- mr'[::-1])",
        "os.system(base64.b64decode('cm0gLXJmIHNyYw==').decode())",
        "os.system(bytes.fromhex('726d202d726620737263').decode())",
        "execSync(Buffer.from('cm0gLXJmIHNyYw==', 'base64').toString())",
        '$a = "rm -rf "; $b = "src"; shell_exec($a . $b);',
        '$a="rm -rf ";$b="src";shell_exec($a.$b);',
        'my $c = "rm -rf " . "src"; system($c);',
        'os.execute("rm -rf " .. "src")',
        'c = "rm -rf src"; system c',
        '$c = "rm -rf src"; system $c',
    ],
)
def test_a_text_put_together_out_of_literals_is_read(code: str):
    assert TREE in touched(code)


@pytest.mark.parametrize(
    "code",
    [
        "x = a + b + 'c'",
        "total = sum(values) + 1",
        "print('100 %' % ())",
        "name = first + ' ' + last",
        "const path = require('path'); path.join(root, name)",
        "x = 'a' if b else 'c'",
        "import os\nprint(os.environ.get('PATH'))",
    ],
)
def test_what_an_input_decides_stays_as_it_is(code: str):
    assert code.replace("require('path')", "path") == folded(under_own_names(code))


def test_folding_does_not_end_a_literal_early():
    code = "open('a\"b' + '\\n')"

    text = folded(code)

    assert 'open("a\\"b\\n")' == text
