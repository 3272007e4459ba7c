"""Where a path lies: root, home, system, project, build output, temporary.

Paths are judged as text: no file system is looked at, since the judging machine is often another
than the one the call ran on.
"""

from posixpath import normpath

from agentaudit_processor.classify.deeds import Scope
from agentaudit_processor.classify.tables import table

_SYSTEM = table(
    """
    bin boot dev etc lib lib32 lib64 opt proc root run sbin srv sys usr var System Library
    Applications private Windows ProgramData snap mnt media Volumes cdrom efi data
    """
)
_OF_SITES = (
    ("srv",),
    ("opt",),
    ("data",),
    ("var", "www"),
    ("mnt", "*"),
    ("media", "*"),
    ("Volumes", "*"),
)
"""Below them lie programs and data that somebody put there, and not the system; `*` is a disk."""
_BUILD = table(
    """
    node_modules dist build target out __pycache__ .pytest_cache coverage .mypy_cache
    .ruff_cache .next .nuxt .cache .parcel-cache .turbo .gradle .tox .nox .venv venv htmlcov
    .coverage tmp temp bin obj Debug Release .eggs .terraform bazel-out _build logs .output
    artifacts .svelte-kit .angular storybook-static .vite generated .nyc_output .sass-cache
    .docusaurus .astro .expo .dart_tool Pods DerivedData .build .stack-work dist-newstyle elm-stuff
    bower_components .pnpm-store .ipynb_checkpoints .hypothesis .pyre .pytype .serverless .aws-sam
    cdk.out .vercel .netlify .wrangler .nitro .vscode-test test-results playwright-report
    lcov-report CMakeFiles cmake-build-debug cmake-build-release _site .jekyll-cache .swc
    package-lock.json yarn.lock pnpm-lock.yaml bun.lockb poetry.lock uv.lock Pipfile.lock
    composer.lock Gemfile.lock Cargo.lock wheelhouse .metals .bloop zig-cache
    .zig-cache zig-out .elixir_ls .import_linter_cache
    """
)
_CACHES_HOLDING = ((".cache",), ("Library", "Caches"), ("AppData", "Local", "pip"))
"""Below a home: each folder in them is made again by the program that it belongs to."""
_CACHES = (
    (".npm", "_cacache"), (".npm", "_npx"), (".cargo", "registry"), (".cargo", "git"),
    (".gradle", "caches"), (".m2", "repository"), ("go", "pkg", "mod"), (".nuget", "packages"),
    (".bun", "install", "cache"), (".local", "share", "pnpm", "store"), (".yarn", "cache"),
    (".ivy2", "cache"), (".composer", "cache"), (".conda", "pkgs"), (".pub-cache",),
)  # fmt: skip
_HOMES = ("home", "Users")
_BUILD_VARIABLES = table(
    """
    BUILD_DIR BUILDDIR BUILD_PATH BUILD_FOLDER DIST_DIR DISTDIR OUT_DIR OUTDIR OUTPUT_DIR CACHE_DIR
    TMP_DIR TMPDIR_TEST TEMP_DIR WORK_DIR_TMP COVERAGE_DIR VENV VENV_DIR VIRTUAL_ENV TARGET_DIR
    TEST_DIR TEST_TMP TESTDIR SCRATCH SCRATCH_DIR STAGING_DIR
    """
)
"""Variables that say of the folder in them that it is made again; with more behind, who knows."""
_TEMP_VARIABLES = ("$TMPDIR", "$TMP", "$TEMP", "$RUNNER_TEMP", "$(mktemp)")


def clean(path: str, cwd: str | None) -> str:
    """`path` made absolute and plain where that is possible; home is `~`, variables stay."""
    for name in ("$HOME", "${HOME}", "%USERPROFILE%"):
        if path == name or path.startswith(name + "/"):
            path = "~" + path[len(name) :]
    if path.startswith("$PWD"):
        path = "." + path[4:]
    if path.startswith("file://"):
        path = path[7:]
    if path.startswith(("/", "~", "$", "\\")) or path[1:3] in (":\\", ":/"):
        joined = path
    else:
        joined = f"{cwd}/{path}" if cwd else path
    tail = "/*" if joined.endswith("/*") else ""
    plain = normpath(joined[: -len(tail)] if tail else joined) if joined not in ("/*",) else "/"
    plain = "/" + plain.lstrip("/") if plain.startswith("//") else plain
    if plain.startswith("/proc/"):
        plain = _of_process(plain)
    return plain.rstrip("/") + tail if tail else plain


def _of_process(path: str) -> str:
    """`/etc/shadow` of `/proc/1/root/etc/shadow`: the machine's root, by another name."""
    parts = path.split("/")
    return "/" + "/".join(parts[4:]) if parts[3:4] == ["root"] else path


def windows_path(path: str) -> str:
    """`path` of Windows with slashes, so that `clean` and `scope_of` know it: `C:\\a` is `C:/a`."""
    plain = path.strip("\"'").replace("\\", "/").rpartition("FileSystem::")[2]
    plain = plain.removeprefix("//?/").removeprefix("//./")
    return plain + "/" if len(plain) == 2 and plain[1] == ":" else plain


def scope_of(path: str, cwd: str | None) -> Scope:  # noqa: PLR0911  one return a Scope
    """The Scope of a path that `clean` gave. `cwd` is the session's directory, absolute."""
    whole = path[:-2] if path.endswith("/*") else path
    if whole in ("", "/") or (len(whole) <= 3 and whole[1:2] == ":"):
        return Scope.ROOT
    if whole.startswith("$"):
        if whole == path and whole.strip("${}").upper() in _BUILD_VARIABLES:
            return Scope.BUILD
        return Scope.TEMP if whole.startswith(_TEMP_VARIABLES) else Scope.UNKNOWN
    base = normpath(cwd) if cwd else None
    parts = whole.split("/")
    inside = _below(whole, base)
    if whole[1:2] == ":":  # C:/Users is to Windows what /home is to others
        whole = whole[2:].replace("\\", "/")
        parts = whole.split("/")
        base = base[2:].replace("\\", "/") if base is not None and base[1:2] == ":" else base
    if inside is None:
        holds_workspace = base is not None and _is_within(base, whole)
        if _is_temp(parts) and not holds_workspace:
            return Scope.TEMP
        return Scope.BUILD if _is_cache(parts) else _scope_outside(whole, parts, base)
    if inside in ("", ".", "*", ".git") or inside.startswith(("..", ".git/")):
        return Scope.WORKSPACE
    if any(part in _BUILD or part.endswith(".egg-info") for part in inside.split("/")):
        return Scope.BUILD
    return Scope.PROJECT


def _below(path: str, base: str | None) -> str | None:
    """`path` seen from `base`, or None if it lies elsewhere."""
    if base is not None and _is_within(path, base):
        return path[len(base) :].strip("/")
    return None if path.startswith(("/", "~", "\\")) or path[1:2] == ":" else path


def _is_cache(parts: list[str]) -> bool:
    """Tell whether a path, in parts, lies in a cache below a home."""
    below = parts[1:] if parts[0] == "~" else parts[3:] if parts[1:2] and parts[1] in _HOMES else []
    below = [part for part in below if part not in ("*", "**")]
    if any(below[: len(cache)] == [*cache] for cache in _CACHES):
        return True
    return any(below[:-1][: len(cache)] == [*cache] for cache in _CACHES_HOLDING)


def _scope_outside(whole: str, parts: list[str], base: str | None) -> Scope:
    if whole == "~" or (whole.startswith("~") and "/" not in whole):
        return Scope.HOME
    if base is not None and _is_within(base, whole):
        # a directory that holds the working directory
        return Scope.HOME if parts[1:2] and parts[1] in _HOMES else Scope.WORKSPACE
    if whole.startswith("/"):
        if parts[1] in _HOMES:
            return Scope.HOME if len(parts) <= 3 else Scope.OUTSIDE
        if parts[1] == "root" and len(parts) == 2:
            return Scope.HOME
        if parts[1] in _SYSTEM and not _is_of_site(parts[1:]):
            return Scope.SYSTEM
    return Scope.OUTSIDE


def _is_of_site(parts: list[str]) -> bool:
    """Tell whether a path, in parts, lies below a folder for what is served, added or mounted."""
    if parts[0] == "mnt" and len(parts) > 1 and len(parts[1]) == 1:
        return False  # a drive of Windows, seen from its Linux
    for place in _OF_SITES:
        head = parts[: len(place)]
        if len(parts) > len(place) and all(
            one in (part, "*") for part, one in zip(head, place, strict=False)
        ):
            return parts[len(place)] not in ("*", "**")
    return False


def _is_temp(parts: list[str]) -> bool:
    # /tmp itself is shared by all: only what lies in it is somebody's own
    if parts[:2] == ["", "private"]:
        parts = parts[1:]
    if parts[:2] == ["", "tmp"]:
        return len(parts) > 2 and parts[2] != "*"
    if parts[1:2] == ["Windows"] or "AppData" in parts:
        return "Temp" in parts[:-1]
    return parts[:3] in (["", "var", "tmp"], ["", "var", "folders"], ["", "dev", "shm"])


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
