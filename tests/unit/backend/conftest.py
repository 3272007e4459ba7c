"""The judge, and a furnished server that each test has a copy of."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentaudit_backend.store.store import Store
from agentaudit_processor.pipeline import Judge
from tests.support.furnished import Furnished, furnish
from tests.support.matrix import Server
from tests.support.routes import whole_application
from tests.support.stores import a_store


@pytest.fixture(scope="session")
def furnished_folder(
    tmp_path_factory: pytest.TempPathFactory, judge: Judge
) -> tuple[Path, Furnished]:
    """A furnished database, to be copied."""
    folder = tmp_path_factory.mktemp("furnished")
    with a_store(f"sqlite:///{folder / 'agentaudit.db'}") as store:
        furnished = furnish(store, judge)
    return folder, furnished


@pytest.fixture
def server(
    tmp_path: Path, furnished_folder: tuple[Path, Furnished], judge: Judge
) -> Iterator[Server]:
    folder, furnished = furnished_folder
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    store = Store.open(f"sqlite:///{copy / 'agentaudit.db'}")
    app = whole_application(store, judge, data_dir=copy)
    yield Server(app=app, store=store, furnished=furnished)
    store.close()
