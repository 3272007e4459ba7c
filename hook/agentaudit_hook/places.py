"""Where the hook keeps its things: one state folder and one socket per user and configuration.

Imported by the thin client at every tool call, so: the standard library's cheapest modules only.
Two configurations (another server, another key, another home) never share a relay or a spool:
their checksum is the name of the folder and of the socket.
"""

import os
import stat

IDENTITY = (
    "AGENTAUDIT_BASE_URL",
    "AGENTAUDIT_OTLP_ENDPOINT",
    "AGENTAUDIT_OTLP_PROTOCOL",
    "AGENTAUDIT_API_KEY",
    "XDG_CONFIG_HOME",
)
MORE_IDENTITY = (
    "AGENTAUDIT_OTLP_HEADERS",
    "AGENTAUDIT_CA_FILE",
    "AGENTAUDIT_CLIENT_CERTIFICATE",
    "AGENTAUDIT_CLIENT_KEY",
    "AGENTAUDIT_PACKS_DIR",
    "AGENTAUDIT_SPOOL_MAX_MB",
    "AGENTAUDIT_HEARTBEAT_SECONDS",
)
"""The same, where they are set: what a relay is made of, no other session's may be asked for."""
NETWORK = (
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
)
"""Other tools' variables that decide by which way records go, and who is trusted with them: of a
relay too, for the session that started it must not decide that for all later ones."""
NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
"""For every `os.open`: follow no link, where there are such, and on Windows change no line end."""
_LAST_RESORT = "/tmp/agentaudit-"  # noqa: S108  mode and owner are checked
MAX_SHARED = 9
"""How many names another user may have taken in the folder of all."""
SOCKET_PATH_MAX_BYTES = 100  # sun_path holds 108 on Linux, 104 on macOS, the final NUL included


_uid = getattr(os, "getuid", None)


class Place:
    """One state folder with its socket. `name` also tells the relay whose call it is."""

    __slots__ = ("name", "runtime", "socket", "state")

    def __init__(self, *, name: str, state: str, runtime: str) -> None:
        self.name = name
        self.state = state
        """Folder of spool, inbox, policy, status and log; mode 0700."""
        self.runtime = runtime
        """Folder of the socket; mode 0700."""
        self.socket = f"{runtime}/{name}.sock"

    @property
    def inbox(self) -> str:
        """Folder of frames that no relay took."""
        return f"{self.state}/inbox"

    @property
    def closed(self) -> str:
        """What the client prints when no relay answers; empty while the policy fails open."""
        return f"{self.all_closed}/{self.name}"

    @property
    def all_closed(self) -> str:
        """Folder of these files of all the user's Places: one that knows no policy looks there."""
        return f"{self.state.rpartition('/')[0]}/closed"

    @property
    def log(self) -> str:
        """The relay's log file, also told what went wrong in the thin client."""
        return f"{self.state}/relay.log"


def find_place(env: "os._Environ[str] | dict[str, str]", *, root: str | None = None) -> Place:
    """Tell the Place of this environment; nothing is created.

    Args:
        env: an environment; read: HOME, XDG_*, AGENTAUDIT_* and those of NETWORK.
        root: the state folder to use instead of the user's own.
    """
    root = root or state_root(env)
    runtime = _runtime_folder(env, root)
    parts = [root, runtime, *(env.get(key, "") for key in IDENTITY)]
    parts += [f"{key}={env[key]}" for key in MORE_IDENTITY + NETWORK if env.get(key)]
    name = f"{_fnv1a('|'.join(parts).encode('utf-8', 'surrogateescape')):016x}"
    return Place(name=name, state=f"{root}/{name}", runtime=runtime)


def state_root(env: "os._Environ[str] | dict[str, str]") -> str:
    """`$XDG_STATE_HOME/agentaudit`, or the same under the home folder."""
    xdg = env.get("XDG_STATE_HOME", "")
    if xdg.startswith("/"):
        return f"{xdg}/agentaudit"
    home = home_folder(env)
    return f"{home}/.local/state/agentaudit" if home else f"{shared_folder()}/state"


def home_folder(env: "os._Environ[str] | dict[str, str]") -> str | None:
    """$HOME, else the home of the user's passwd entry, else None."""
    home = env.get("HOME", "")
    if home.startswith("/"):
        return home.rstrip("/") or "/"
    try:
        import pwd  # noqa: PLC0415  rarely needed, and may ask a directory server

        return pwd.getpwuid(os.getuid()).pw_dir or None
    except ImportError:  # Windows
        return env.get("USERPROFILE") or None
    except KeyError:
        return None


def shared_folder() -> str:
    """The last resort, in a folder that everybody may write: its owner is checked before use."""
    if _uid is None:  # Windows, whose folder for such things is the user's own
        return f"{os.environ.get('TEMP', '.')}/agentaudit"
    first = f"{_LAST_RESORT}{_uid()}"
    names = [first, *(f"{first}-{number}" for number in range(2, MAX_SHARED + 1))]
    return next((name for name in names if not _is_anothers(name)), first)


def is_private(folder: str) -> bool:
    """Tell whether `folder` is a real folder of ours that nobody else may enter."""
    try:
        found = os.lstat(folder)
    except OSError:
        return False
    if _uid is None:
        return stat.S_ISDIR(found.st_mode)  # Windows: what lies in a profile is its user's alone
    return (
        stat.S_ISDIR(found.st_mode)
        and found.st_uid == _uid()
        and not stat.S_IMODE(found.st_mode) & 0o077
    )


def make_private(folder: str) -> bool:
    """Create `folder` (0700) unless it is there; tell whether it is private and writable."""
    try:
        os.makedirs(os.path.dirname(folder), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120  pathlib is slow to import
        os.mkdir(folder, 0o700)  # noqa: PTH102
    except FileExistsError:
        pass
    except OSError:
        return False
    if _is_ours(folder) and not is_private(folder):
        _close_to_others(folder)
    return is_private(folder) and os.access(folder, os.W_OK | os.X_OK)


def usable_place(env: "os._Environ[str] | dict[str, str]") -> Place | None:
    """The Place of this environment with its folders made, else the last resort, else None."""
    fallback = f"{shared_folder()}/state"
    for root in (None, fallback):
        place = find_place(env, root=root)
        if root is fallback and not make_private(shared_folder()):
            return None
        outer = place.state.rpartition("/")[0]
        if make_private(outer) and make_private(place.state) and make_private(place.runtime):
            return place
    return None


def _runtime_folder(env: "os._Environ[str] | dict[str, str]", root: str) -> str:
    xdg = env.get("XDG_RUNTIME_DIR", "")
    if root.startswith(shared_folder()):
        return shared_folder()
    chosen = f"{xdg}/agentaudit" if xdg.startswith("/") and _is_ours(xdg) else f"{root}/run"
    if len(os.fsencode(chosen)) + len("/0123456789abcdef.sock") > SOCKET_PATH_MAX_BYTES:
        return shared_folder()
    return chosen


def _is_ours(folder: str) -> bool:
    try:
        return _uid is None or os.lstat(folder).st_uid == _uid()
    except OSError:
        return False


def _is_anothers(folder: str) -> bool:
    """Whether somebody has made `folder` before us: its owner may do anything with it."""
    return os.path.lexists(folder) and not _is_ours(folder)


def _close_to_others(folder: str) -> None:
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:  # a symlink
        return
    try:
        os.fchmod(opened, 0o700)
    except OSError:  # a disk that knows no modes: the caller sees that it is not private
        return
    finally:
        os.close(opened)


def _fnv1a(text: bytes) -> int:
    """64-bit FNV-1a: tells configurations apart, and costs no import."""
    total = 0xCBF29CE484222325
    for byte in text:
        total = (total ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return total
