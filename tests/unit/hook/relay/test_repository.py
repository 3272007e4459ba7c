"""Repository, branch and commit: what git itself would say, whatever lies in the files."""

import os
import subprocess
from pathlib import Path

import pytest

from agentaudit_hook.relay.git_files import MAX_SMALL_BYTES, find_git_folder, read_head
from agentaudit_hook.relay.repository import (
    SEARCH_AGAIN_SECONDS,
    Repositories,
    Said,
    canonical_url,
)
from agentaudit_processor import attributes as names

URL = "https://git.example.com/shop/api"
_IDENTITY = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.com"}
_IDENTITY |= {"GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.com"}


def git(folder: Path, *words: str) -> str:
    """Run the real git, deaf to the machine's own settings."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *words], cwd=folder, env=env | _IDENTITY, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def a_repository(folder: Path, *, branch: str = "main") -> Path:
    """A work tree with one commit and a remote."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", branch)
    git(folder, "remote", "add", "origin", f"https://alice:hunter2@{URL[8:]}.git")
    git(folder, "commit", "-q", "--allow-empty", "-m", "first")
    return folder


def said_of(folder: Path) -> Said:
    return Repositories().of(str(folder))


def expected(folder: Path, *, branch: str = "main", kind: str = "branch") -> Said:
    """The answer, its commit by git's own word."""
    return {
        names.VCS_REPOSITORY_URL: URL,
        names.VCS_REPOSITORY_NAME: "api",
        names.VCS_REF_NAME: branch,
        names.VCS_REF_TYPE: kind,
        names.VCS_REF_REVISION: git(folder, "rev-parse", "HEAD"),
    }


def test_a_folder_below_is_of_the_repository_and_credentials_stay_out(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "api")
    below = repository / "src" / "deep"
    below.mkdir(parents=True)

    said = said_of(below)

    assert expected(repository) == said
    assert "hunter2" not in str(said)


def test_a_packed_branch_is_found(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "api", branch="feature/über-slash")
    git(repository, "pack-refs", "--all")

    assert not (repository / ".git/refs/heads/feature/über-slash").exists()
    assert expected(repository, branch="feature/über-slash") == said_of(repository)


def test_a_commit_without_a_branch_has_its_hash_alone(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "api")
    git(repository, "checkout", "-q", "--detach")

    said = said_of(repository)

    assert git(repository, "rev-parse", "HEAD") == said[names.VCS_REF_REVISION]
    assert names.VCS_REF_NAME not in said


def test_a_repository_without_a_commit_has_its_branch_alone(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "trunk")

    assert {names.VCS_REF_NAME: "trunk", names.VCS_REF_TYPE: "branch"} == said_of(tmp_path)


def test_a_linked_work_tree_has_its_own_branch_and_the_common_remote(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "api")
    linked = tmp_path / "linked"
    git(repository, "worktree", "add", "-q", "-b", "fix", str(linked))
    git(linked, "commit", "-q", "--allow-empty", "-m", "second")

    assert expected(linked, branch="fix") == said_of(linked)
    assert expected(repository) == said_of(repository)


def test_a_submodule_is_a_repository_of_its_own(tmp_path: Path) -> None:
    inner, outer = a_repository(tmp_path / "inner"), a_repository(tmp_path / "outer")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "lib")
    git(outer / "lib", "remote", "set-url", "origin", f"git@{URL[8:].replace('/', ':', 1)}.git")

    assert expected(outer / "lib") == said_of(outer / "lib")


def test_a_bare_repository_is_one(tmp_path: Path) -> None:
    repository, bare = a_repository(tmp_path / "api"), tmp_path / "api.git"
    git(tmp_path, "clone", "-q", "--bare", str(repository), str(bare))

    said = said_of(bare)

    assert ("main", git(repository, "rev-parse", "HEAD")) == (
        said[names.VCS_REF_NAME],
        said[names.VCS_REF_REVISION],
    )


def test_a_folder_outside_any_repository_says_nothing(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()

    assert {} == said_of(tmp_path)
    assert {} == Repositories().of("")
    assert {} == Repositories().of("relative/folder")
    assert {} == said_of(tmp_path / "never" / "made")


# --- what is kept -------------------------------------------------------------------------------


def test_a_commit_and_another_branch_are_seen_at_once(tmp_path: Path) -> None:
    repository, repositories = a_repository(tmp_path / "api"), Repositories()
    before = repositories.of(str(repository))

    git(repository, "commit", "-q", "--allow-empty", "-m", "second")
    committed = repositories.of(str(repository))
    git(repository, "checkout", "-q", "-b", "other")
    switched = repositories.of(str(repository))

    assert before[names.VCS_REF_REVISION] != committed[names.VCS_REF_REVISION]
    assert expected(repository, branch="other") == switched


def test_a_repository_made_later_is_noticed_after_a_while(tmp_path: Path) -> None:
    now = [0.0]
    repositories = Repositories(clock=lambda: now[0])
    before = repositories.of(str(tmp_path))
    git(tmp_path, "init", "-q", "-b", "trunk")

    soon = repositories.of(str(tmp_path))
    now[0] = SEARCH_AGAIN_SECONDS + 1
    later = repositories.of(str(tmp_path))

    assert ({}, {}, "trunk") == (before, soon, later[names.VCS_REF_NAME])


# --- what a project may put there ---------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        "ref: refs/heads/../../../../etc/passwd",
        "ref: refs/heads/a\x1b[31mred",
        "ref: /etc/passwd",
        "ref: refs/heads/.invalid",
        "ref: refs/heads/" + "x" * 300,
        "AKIAQ3EGV7RTN5WLKZ2M",
        "",
        "\0" * 40,
    ],
)
def test_a_head_that_git_would_not_write_tells_nothing(tmp_path: Path, head: str) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / ".git" / "HEAD").write_text(head)

    assert {} == said_of(tmp_path)


def test_links_that_run_in_a_circle_end(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "a")
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / ".git/refs/heads" / name).write_text(f"ref: refs/heads/{other}\n")
    folder = find_git_folder(tmp_path)
    assert folder is not None

    assert None is read_head(folder).revision
    (tmp_path / ".git" / "HEAD").unlink()
    (tmp_path / ".git" / "HEAD").symlink_to("HEAD")
    assert {} == said_of(tmp_path)


def test_a_pipe_or_a_huge_file_holds_nobody_up(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "api")
    config, head = repository / ".git" / "config", repository / ".git" / "HEAD"
    config.unlink()
    os.mkfifo(config)
    piped = said_of(repository)
    head.write_text("ref: refs/heads/main\n" + "#" * MAX_SMALL_BYTES)

    assert names.VCS_REPOSITORY_URL not in piped
    assert "main" == piped[names.VCS_REF_NAME]
    assert {} == said_of(repository)


def test_a_git_file_that_points_nowhere_or_to_itself_tells_nothing(tmp_path: Path) -> None:
    for told in ("gitdir: .git", "gitdir: /nowhere", "gitdir:", "hello", "gitdir: \0"):
        (tmp_path / ".git").write_text(told)

        assert {} == said_of(tmp_path), told


@pytest.mark.parametrize(
    ("told", "url"),
    [
        ("https://user:pass@example.com:8443/a/b.git?token=x#y", "https://example.com:8443/a/b"),
        ("git@example.com:a/b.git", "https://example.com/a/b"),
        ("example.com:a/b", "https://example.com/a/b"),
        ("ssh://git@example.com:2222/a/b.git/", "https://example.com/a/b"),
        ("http://[2001:db8::1]/a", "http://[2001:db8::1]/a"),
        ("git://example.com/a", "https://example.com/a"),
        ("/srv/git/a.git", None),
        ("../a.git", None),
        ("file:///srv/git/a.git", None),
        ("ext::sh -c touch% /tmp/x", None),
        ("https://example.com:port/a", None),
        ("https://exa\u202emple.com/a", None),
        ("https://example.com/" + "a" * 2000, None),
        ("", None),
    ],
)
def test_an_address_is_one_for_a_browser_or_none(told: str, url: str | None) -> None:
    assert url == canonical_url(told)
