"""The organisation's name, once people gave it one, is shown to whoever is logged in."""

from sqlalchemy import update

from agentaudit_backend.store.database import writing
from agentaudit_backend.store.tables import Organization, table_of
from tests.support.web import Web


def test_an_organisation_without_a_name_is_not_named(web: Web):
    assert "Organisation</dt>" not in web.get("/dashboard/stats").text


def test_the_name_stands_in_the_menu_as_text(web: Web):
    with writing(web.store._engine) as connection:
        connection.execute(update(table_of(Organization)).values(name="Acme <GmbH>"))

    page = web.get("/dashboard/stats").text

    assert "<dt>Organisation</dt><dd>Acme &lt;GmbH&gt;</dd>" in page
