"""`agentaudit` as a person runs it: starts, says where, stops cleanly, fails in one line."""

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.server import RunningServer, a_server

PROGRAM = str(Path(sys.executable).with_name("agentaudit"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with a_server(tmp_path_factory.mktemp("server")) as running:
        yield running


def agentaudit(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if "AGENTAUDIT" not in name}
    return subprocess.run(
        [PROGRAM, *words],
        env=kept | env,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_a_start_says_where_everything_is(server: RunningServer) -> None:
    shown = server.output

    assert 1 == shown.count("Default API key: aa_live_")
    assert f"http://localhost:{server.port}/dashboard" in shown
    assert f"http://localhost:{server.otlp_grpc_port}" in shown
    assert f"http://localhost:{server.otlp_http_port}" in shown
    assert str(server.data_dir) in shown


def test_every_port_answers(server: RunningServer) -> None:
    page = httpx.get(server.url + "/dashboard", follow_redirects=True, timeout=30)

    assert 200 == page.status_code
    assert "ok" == httpx.get(server.url + "/health").json()["status"]
    for base in (server.url, server.otlp_http_endpoint):
        answer = httpx.post(
            base + "/v1/traces",
            json={"resourceSpans": []},
            headers={"Authorization": f"Bearer {server.key}"},
        )
        assert 200 == answer.status_code, answer.text
    with socket.create_connection(("127.0.0.1", server.otlp_grpc_port), timeout=5):
        pass


def test_the_data_belongs_to_its_owner_only(server: RunningServer) -> None:
    assert 0o700 == server.data_dir.stat().st_mode & 0o777


def test_a_first_start_prints_a_link_that_lets_one_in_once(tmp_path: Path) -> None:
    with a_server(tmp_path) as running:
        link = re.search(r"Log in +(http://\S+)", running.output)
        assert link
        with httpx.Client() as browser:
            came_in = browser.post(link[1], timeout=30)
            page = browser.get(link[1].partition("/invite")[0] + "/stats", timeout=30)
            again = browser.post(link[1], timeout=30)
    with a_server(tmp_path) as second:
        told_again = "Log in" in second.output.partition(link[1])[2]

    assert (200, 200, 404) == (came_in.status_code, page.status_code, again.status_code)
    assert "aa_live_" in came_in.text
    assert told_again is False


def test_a_second_start_has_the_data_and_prints_no_key(tmp_path: Path) -> None:
    with a_server(tmp_path) as running:
        body = {"agent_id": "a", "action": "file_read"}
        posted = running.request("POST", "/v1/events", json=body).json()
        assert 0 == running.stop()

        running.start()

        assert 200 == running.request("GET", f"/v1/events/{posted['id']}").status_code
        assert 1 == running.output.count("Default API key")


@pytest.mark.otlp(34)
def test_sigterm_finishes_what_is_under_way(tmp_path: Path) -> None:
    """A request whose body is still coming when the signal arrives is answered, and stored."""
    with a_server(tmp_path) as running:
        sent = threading.Event()
        answers: list[httpx.Response] = []

        def slow_body() -> Iterator[bytes]:
            yield b'{"agent_id": "slow", '
            sent.set()
            time.sleep(1.0)
            yield b'"action": "file_read"}'

        def post() -> None:
            answers.append(running.request("POST", "/v1/events", content=slow_body()))

        thread = threading.Thread(target=post)
        thread.start()
        sent.wait(10)
        time.sleep(0.2)
        exit_code = running.stop()
        thread.join()
        assert (0, 201) == (exit_code, answers[0].status_code)

        running.start()

        assert 1 == running.request("GET", "/v1/events").json()["total"]


@pytest.mark.parametrize("flag", ["--port", "--otlp-grpc-port", "--otlp-http-port"])
def test_a_taken_port_is_one_clear_line(tmp_path: Path, flag: str) -> None:
    flags = {"--port": "0", "--otlp-grpc-port": "0", "--otlp-http-port": "0"}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        words = [word for pair in (flags | {flag: port}).items() for word in pair]
        done = agentaudit("serve", "--data-dir", str(tmp_path), *words)

    assert 1 == done.returncode
    assert 1 == len(done.stderr.strip().splitlines())
    assert port in done.stderr
    assert flag in done.stderr
    assert "" == done.stdout, "no key may be made by a start that fails"


@pytest.mark.parametrize(
    ("words", "env", "named"),
    [
        (("--port", "many"), {}, ("--port", "AGENTAUDIT_PORT", "many")),
        (("--port", "70000"), {}, ("--port", "70000")),
        ((), {"AGENTAUDIT_OTLP_GRPC_PORT": "-1"}, ("AGENTAUDIT_OTLP_GRPC_PORT", "-1")),
        (("--log-level", "loud"), {}, ("--log-level", "loud")),
        (("--forward-protocol", "pigeon"), {}, ("--forward-protocol", "pigeon")),
        (("--forward-headers", "novalue"), {}, ("--forward-headers", "name=value")),
        (("--forward-endpoint", "pigeon://x"), {}, ("--forward-endpoint", "pigeon")),
        (("--tls-cert-file", "a.pem"), {}, ("--tls-cert-file", "--tls-key-file", "together")),
        (("--tls-client-ca-file", "a.pem"), {}, ("--tls-client-ca-file", "needs")),
        (("--grpc-max-connection-age", "0"), {}, ("--grpc-max-connection-age", "greater than 0")),
        ((), {"AGENTAUDIT_DATABASE_URL": "mysql://u:geheim@h/n"}, ("--database-url", "postgresql")),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(
    tmp_path: Path, words: tuple[str, ...], env: dict[str, str], named: tuple[str, ...]
) -> None:
    free = ("--port=0", "--otlp-grpc-port=0", "--otlp-http-port=0")
    given = tuple(flag for flag in free if flag.partition("=")[0] not in words)
    if env:
        given = ()

    done = agentaudit("serve", "--data-dir", str(tmp_path / "data"), *given, *words, **env)

    assert 3 == done.returncode
    assert all(name in done.stderr for name in named), done.stderr
    assert "geheim" not in done.stderr
    assert "Traceback" not in done.stderr
    assert "" == done.stdout, "no key may be made by a start that fails"


def test_a_certificate_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    tls = ("--tls-cert-file", "absent.pem", "--tls-key-file", "absent.key")

    done = agentaudit("serve", "--data-dir", str(tmp_path / "data"), *tls)

    assert (1, "") == (done.returncode, done.stdout)
    assert "--tls-cert-file" in done.stderr
    assert "absent.pem" in done.stderr
    assert "No such file" in done.stderr


def test_a_data_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    done = agentaudit("migrate", "--data-dir", str(tmp_path / "file" / "data"))

    assert 1 == done.returncode
    assert "--data-dir" in done.stderr
    assert 1 == len(done.stderr.strip().splitlines())


def test_listening_wider_than_this_machine_warns(tmp_path: Path) -> None:
    with a_server(tmp_path / "near") as near:
        assert "without TLS" not in near.output
    with a_server(tmp_path / "wide", AGENTAUDIT_HOST="0.0.0.0") as wide:
        assert "without TLS" in wide.output


def test_keys_are_made_listed_and_revoked(server: RunningServer) -> None:
    made = server.run_command(
        "key", "create", "--role", "ingest", "--name", "laptops", "--days", "9"
    )
    key = made.stdout.strip()
    headers = {"Authorization": f"Bearer {key}"}
    hook_policy = server.url + "/v1/hook/policy"
    assert 200 == httpx.get(hook_policy, headers=headers).status_code

    listed = server.run_command("key", "list").stdout
    revoked = server.run_command("key", "revoke", key[:14])

    (line,) = (line for line in listed.splitlines() if key[:14] in line)
    assert key not in listed
    assert all(word in line for word in ("ingest", "in force", "laptops"))
    assert (0, 1) == (revoked.returncode, server.run_command("key", "revoke", key[:14]).returncode)
    assert "revoked" in server.run_command("key", "list").stdout
    deadline = time.monotonic() + 60
    while httpx.get(hook_policy, headers=headers).status_code != 401:
        assert time.monotonic() < deadline, "the revoked key is still taken"
        time.sleep(0.2)


def test_a_key_is_made_by_nobody_before_the_first_start(tmp_path: Path) -> None:
    done = agentaudit("key", "list", "--data-dir", str(tmp_path))

    assert 1 == done.returncode
    assert "agentaudit serve" in done.stderr


@pytest.mark.parametrize("verb", ["processor", "api"])
def test_the_parts_of_a_team_setup_run_alone(tmp_path: Path, verb: str) -> None:
    with a_server(tmp_path, verb=verb) as part:
        is_api = verb == "api"

        assert is_api is bool(part.port)
        assert is_api is not bool(part.otlp_grpc_port)
        assert is_api is ("Default API key" in part.output)
        assert 0 == part.stop()


def test_a_reader_who_has_seen_enough_gets_no_traceback() -> None:
    done = subprocess.run(
        f"{PROGRAM} rules list | head -n 1", shell=True, capture_output=True, text=True, check=True
    )

    assert 1 == len(done.stdout.splitlines())
    assert "" == done.stderr


def test_version_and_help_are_answered() -> None:
    version, overview = agentaudit("--version"), agentaudit("--help")

    assert re.fullmatch(r"agentaudit \d+\.\d+\.\d+\n", version.stdout)
    assert all(verb in overview.stdout for verb in ("serve", "processor", "api", "migrate", "key"))
    assert "AGENTAUDIT_PORT" in agentaudit("serve", "--help").stdout
    assert 2 == agentaudit("fly").returncode


def test_without_the_servers_libraries_it_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['fastapi'] = None\n"
        "from importlib import util; find = util.find_spec\n"
        "util.find_spec = lambda name, *more: None if name == 'fastapi' else find(name, *more)\n"
        "from agentaudit_backend.cli import main; sys.exit(main(['serve']))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=180, check=False
    )

    assert 1 == done.returncode
    assert "pip install 'agentic-audit[server]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_database_is_its_owners_alone_in_a_folder_that_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o755)

    assert 0 == agentaudit("migrate", "--data-dir", str(folder)).returncode

    assert {0o600} == {file.stat().st_mode & 0o777 for file in folder.iterdir()}
