"""Management commands against a real relay and a real server; what a person reads."""

import http.server
import json
import re
import threading
from pathlib import Path

import pytest

from agentaudit_hook.control import ask_relay
from tests.support.hook import (
    HOOK,
    HookHome,
    HookServer,
    a_hook_home,
    eventually,
    payload,
)
from tests.support.otlp import KEY
from tests.support.terminal import at_a_terminal

PRE = json.dumps(payload("PreToolUse-Bash")).encode()


def test_flush_says_why_records_still_wait(tmp_path: Path) -> None:
    with a_hook_home(tmp_path) as hook:
        hook.tell("pre", PRE)
        assert eventually(lambda: _problems(hook).get("export"))

        answer = hook.run("flush", "--timeout", "0.2")

    assert 5 == answer.returncode
    # two where the machine was so slow that the client kept the call as well as the relay
    assert re.search(rb"[12] records are still waiting\. ", answer.stderr)
    assert b"Nothing answers at http://127.0.0.1:9/v1/logs" in answer.stderr


def test_settings_may_stand_in_a_file_alone(server: HookServer, tmp_path: Path) -> None:
    more = {"AGENTAUDIT_BASE_URL": "", "AGENTAUDIT_API_KEY": "", "AGENTAUDIT_USER_EMAIL": ""}
    with a_hook_home(tmp_path, more=more) as hook:
        _configure(hook, base_url=server.url, api_key=KEY, user_email="bob@example.com")

        hook.tell("pre", PRE)
        hook.flush()

    (call,) = server.calls()
    assert "bob@example.com" == call.actor.user_email


def test_a_changed_file_makes_the_relay_start_anew(server: HookServer, tmp_path: Path) -> None:
    more = {"AGENTAUDIT_BASE_URL": "", "AGENTAUDIT_API_KEY": ""}
    with a_hook_home(tmp_path, more=more) as hook:
        _configure(hook, base_url="http://127.0.0.1:9", api_key=KEY)
        hook.tell("pre", PRE)
        (first,) = hook.relays()

        _configure(hook, base_url=server.url, api_key=KEY)
        assert eventually(lambda: first not in hook.relays())
        hook.flush()

    assert 1 == len(server.calls())


def test_settings_that_cannot_be_used_keep_the_records_and_are_named(tmp_path: Path) -> None:
    more = {"AGENTAUDIT_OTLP_PROTOCOL": "carrier-pigeon"}
    with a_hook_home(tmp_path, more=more) as hook:
        hook.tell("pre", PRE)

        told = ask_relay(hook.place, "status")

        assert told is not None
        assert 1 == told["pending"]
        assert "'carrier-pigeon' (AGENTAUDIT_OTLP_PROTOCOL)" in told["problems"]["settings"]
        assert b"carrier-pigeon" in hook.run("doctor").stdout


def test_a_newer_client_makes_an_old_relay_go(
    server: HookServer, hook: HookHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook.tell("session-start", payload("SessionStart-startup"))
    (old,) = hook.relays()
    monkeypatch.setattr("agentaudit_hook.control.__version__", "99.0.0")

    ask_relay(hook.place, "status")  # no hook event: asking does not end it
    assert [old] == hook.relays()
    _tell_as_version(hook, "99.0.0")

    assert eventually(lambda: old not in hook.relays())
    hook.tell("pre", PRE)
    hook.flush()
    assert 1 == len(server.calls())


def test_a_log_in_page_in_between_is_not_taken_for_the_server(tmp_path: Path) -> None:
    with _redirecting() as url, a_hook_home(tmp_path, url) as hook:
        hook.tell("pre", PRE)

        assert eventually(lambda: "302" in _problems(hook).get("export", ""))
        assert "302" in _problems(hook)["policy"]
        told = ask_relay(hook.place, "status")
        assert told is not None
        assert 1 == told["pending"]


def test_neither_netrc_nor_otel_variables_change_what_is_sent(
    server: HookServer, tmp_path: Path
) -> None:
    more = {
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer other",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
        "OTEL_SDK_DISABLED": "true",
    }
    with a_hook_home(tmp_path, server.url, more=more) as hook:
        netrc = hook.home / ".netrc"
        netrc.write_text("machine 127.0.0.1 login eve password wrong\n")
        netrc.chmod(0o600)

        hook.tell("pre", PRE)
        hook.flush()

    assert 1 == len(server.calls())


def _configure(hook: HookHome, **settings: str) -> None:
    path = hook.home / ".config" / "agentaudit" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items()))


def _problems(hook: HookHome) -> dict[str, str]:
    told = ask_relay(hook.place, "status")
    return dict(told["problems"]) if told else {}


def _tell_as_version(hook: HookHome, version: str) -> None:
    import socket

    from agentaudit_hook.frames import pack_frame

    header = {"name": hook.place.name, "version": version, "verb": "event", "at_ns": "1"}
    frame = pack_frame({k.encode(): v.encode() for k, v in header.items()}, b"{}")
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(hook.place.socket)
        link.sendall(frame)
        assert link.recv(64)


class _LogInPage(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", "/log-in")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class _redirecting:  # noqa: N801  reads as a verb in a with statement
    """A server that answers everything with a redirect."""

    def __enter__(self) -> str:
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _LogInPage)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.mark.parametrize(
    ("typed", "code", "words"),
    [
        ("y\n", 0, "Claude Code calls "),
        ("\n", 1, "nothing was written"),
        ("no\n", 1, "nothing was written"),
        ("\x04", 1, "nothing was written"),
        # the line ends what a Ctrl-C between the question and the reading of its answer leaves open
        ("\x03\n", 130, "[y/N]"),
    ],
)
def test_a_person_is_shown_the_change_and_asked(
    tmp_path: Path, typed: str, code: int, words: str
) -> None:
    with a_hook_home(tmp_path) as hook:
        said, ended = at_a_terminal(
            [HOOK, "install"], hook.env, prompt="[y/N] ", typed=typed, cwd=hook.home
        )

    path = hook.home / ".claude" / "settings.json"
    assert code == ended
    assert f"+++ {path}" in said
    assert f"Write this to {path}? [y/N]" in said
    assert words in said
    assert (0 == code) == path.exists()
    assert "Traceback" not in said
