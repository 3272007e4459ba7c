"""What developers see all day names nobody: hashes, sizes, times, versions, ports, test counts."""

import pytest

from agentaudit_processor.pipeline import Judge
from tests.support.builders import a_tool_call, an_actor

JUDGE = Judge.load()

OUTPUT = {
    "git log": """\
commit 3f9bd6f9f50f5a6e7a2c6d6e1f0c8f6d2b1a0c9e (HEAD -> main, tag: v2.14.3)
Date:   Mon Nov 23 05:31:12 2026 +0100

    processor: mask tokens inside shell arguments (#20261123)

 12 files changed, 1042 insertions(+), 377 deletions(-)
a1b2c3d4e5 Merge pull request #123456789 from feature/123456782
""",
    "pytest": """\
============================= test session starts ==============================
platform linux -- Python 3.11.7, pytest-9.0.1, pluggy-1.6.0
tests/unit/test_a.py ............ss.. [ 45%]
FAILED tests/unit/test_a.py::test_ids[1234567890-4111111111111112] - AssertionError
E       assert 1732345678123 == 1732345678124
================= 1 failed, 1379 passed, 2 skipped in 1:02.45 ==================
""",
    "npm": """\
npm warn deprecated inflight@1.0.6: This module is not supported
added 1423 packages, and audited 1424 packages in 12s
lodash-4.17.21.tgz sha512-v2kDEe57lecTulaDIuNTPy3Ry4gLGJ6Z1O3vE1krgXZNrsQ+LFTGHVxVjcXPs17LhbZVGedA==
http fetch GET 200 https://registry.example.com/lodash 184ms (cache revalidated)
integrity 20230415.1.0 10.2.0.1 11.0.0
""",
    "docker ps": """\
CONTAINER ID   IMAGE         COMMAND      CREATED       STATUS       PORTS                    NAMES
4c01db0b339c   postgres:16   "postgres"   2 hours ago   Up 2 hours   0.0.0.0:5432->5432/tcp   db-1
d7886598dbe2   redis:7.2     "redis"      3 weeks ago   Up 3 weeks   127.0.0.1:6379->6379/tcp cache
""",
    "ls -la": """\
total 1083276
drwxr-xr-x 12 bob  staff        384 Nov 23 05:31 .
-rw-r--r--  1 bob  staff  123456782 Nov 23 05:31 dump.sql
-rw-r--r--  1 1000 1000  1079382016 2026-11-23 05:31:12.123456789 +0100 img.qcow2
""",
    "ps aux": """\
USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND
root           1  0.0  0.1 167744 11896 ?        Ss   Nov22   0:04 /sbin/init
bob        48211  2.3  1.9 4459392 312840 pts/3  Sl+  05:12   1:22 node server.js --port 8080
""",
    "a log": """\
2026-11-23T05:31:12.123456Z INFO  [worker-3] 743b294a-cd03-11ec-9d64-0242ac120002 took 1234567 us
2026-11-23 05:31:12,456 DEBUG trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7
1732345678.123456 kernel: eth0: 02:42:ac:11:00:02 joined 172.17.0.0/16
[10:11:12] GET /api/v1/items/123456782?page=2&size=100 200 1532 - 0.012
dial tcp 10.96.0.1:443: i/o timeout after 30000ms retry 3/10, next at 1732345709
Build 20261123.4 number 850314 finished; artefact 1.2.3.4-850314
""",
    "make": """\
gcc -O2 -Wl,-rpath,/usr/lib -DVERSION=\\"1.2.3.4\\" -c a.c -o a.o
a.c:1234:56: warning: 'std::size_t' abc::def beef::f00d 0x7ffee4c0a8b0 0xdeadbeefcafebabe
text 1234567 data 89012 bss 345678 dec 1669257 hex 197889
MD5 16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48 SHA256:uNiVztksCsDhcc0u9e8BrZkDzBIZWUWhbL1xmt
""",
    "kubectl": """\
NAME                        READY   STATUS    RESTARTS   AGE   IP            NODE
web-6d4cf56db6-8x2lk        1/1     Running   0          12d   10.244.1.17   node-3
uid: 0f8fad5b-d9cb-469f-a165-70867728950e  resourceVersion: "123456782"  generation: 4
""",
    "code": """\
since = sin(130692544) + 1.5; cf = 12345678901; pan = "zoom"; tin = tins[123456782]
class User(Base):
    first_name: str = Field(max_length=30)
    last_name = models.CharField(max_length=30)
    phone: str | None = None
    date_of_birth: date
    address: Mapped[str] = mapped_column(String(120))
ruff F401 E501 PLR2004 S105; license = "Apache-2.0"; python_requires = ">=3.11"
PORTS = [5432, 6379, 8080, 15672]; EPOCH_MS = 1732345678123; MAX = 9007199254740991
""",
    "sql": """\
 id  |         created_at         | amount  | status
-----+----------------------------+---------+--------
 101 | 2026-11-23 05:31:12.123456 | 1234.56 | paid
 102 | 2026-11-23 05:31:13.223456 |  123456782 | open
""",
}


@pytest.mark.parametrize("name", sorted(OUTPUT))
def test_no_personal_data_is_seen_in(name: str):
    call = a_tool_call(
        arguments={"command": "true"}, result={"stdout": OUTPUT[name], "stderr": "", "code": 0}
    )

    seen = [(f.rule_id, f.excerpt) for f in JUDGE.examine(call).findings if f.personal]

    assert [] == seen


@pytest.mark.parametrize(("user", "seen"), [("Anna Schmidt", []), ("bob", ["person_name"])])
def test_the_acting_users_own_name_is_no_finding(user: str, seen: list[str]):
    call = a_tool_call(
        actor=an_actor(user_name=user), arguments={"full_name": "Anna Schmidt"}, result=None
    )

    assert seen == [f.pii for f in JUDGE.examine(call).findings]
