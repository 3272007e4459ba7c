"""Where a path lies."""

import pytest

from agentaudit_processor.classify.deeds import Scope
from agentaudit_processor.classify.paths import clean, scope_of

CWD = "/home/alice/project"


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/", Scope.ROOT),
        ("/*", Scope.ROOT),
        ("/etc/../", Scope.ROOT),
        ("~", Scope.HOME),
        ("$HOME", Scope.HOME),
        ("${HOME}/", Scope.HOME),
        ("~/*", Scope.HOME),
        ("/home/bob", Scope.HOME),
        ("/root", Scope.HOME),
        ("..", Scope.HOME),
        ("/etc", Scope.SYSTEM),
        ("/usr/lib/x", Scope.SYSTEM),
        ("../../../etc/passwd", Scope.SYSTEM),
        (".", Scope.WORKSPACE),
        ("*", Scope.WORKSPACE),
        ("./*", Scope.WORKSPACE),
        (".git", Scope.WORKSPACE),
        (CWD, Scope.WORKSPACE),
        ("victim", Scope.PROJECT),
        ("./src/old", Scope.PROJECT),
        (f"{CWD}/src", Scope.PROJECT),
        ("node_modules", Scope.BUILD),
        ("web/dist/", Scope.BUILD),
        ("/tmp/x", Scope.TEMP),
        ("$TMPDIR/x", Scope.TEMP),
        ("/var/tmp/x", Scope.TEMP),
        ("/tmp", Scope.OUTSIDE),
        ("~/other", Scope.OUTSIDE),
        ("/srv2/x", Scope.OUTSIDE),
        ("$DIR/x", Scope.UNKNOWN),
    ],
)
def test_a_path_has_its_scope(path: str, scope: Scope):
    assert scope_of(clean(path, CWD), CWD) is scope


def test_a_project_below_the_temporary_folder_is_a_project():
    assert scope_of(clean("victim", "/tmp/run-1/project"), "/tmp/run-1/project") is Scope.PROJECT


def test_the_folder_above_a_temporary_project_is_no_temporary_folder():
    assert scope_of("/tmp/run-1", "/tmp/run-1/project") is Scope.WORKSPACE


def test_without_a_working_directory_a_relative_path_is_the_projects():
    assert scope_of(clean("victim", None), None) is Scope.PROJECT
