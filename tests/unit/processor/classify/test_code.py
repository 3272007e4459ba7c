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
        ("fs.rmSync('dist', {recursive: true})", ("delete", "/srv/a/dist")),
        ('system "rm -rf src"', ("delete_tree", "/srv/a/src")),
        ("subprocess.run(['rm', '-rf', 'src'])", ("delete_tree", "/srv/a/src")),
        ("print('os.remove(1)')", None),
    ],
)
def test_a_call_is_read(code: str, deed: tuple[str, str] | None):
    deeds = [d for d in read_code(code, "/srv/a") if d.kind is DeedKind.TOUCH]

    assert [(str(d.access), d.text) for d in deeds][-1:] == ([deed] if deed else [])
