"""What an SQL text does."""

import pytest

from agentaudit_processor.classify import sql
from agentaudit_processor.classify.sql import looks_like_sql, statements


@pytest.mark.parametrize(
    ("text", "verbs"),
    [
        ("DROP DATABASE shop", ["drop_database"]),
        ("drop table users", ["drop_table"]),
        ("SELECT 1; DROP TABLE a; ", ["select", "drop_table"]),
        ("SELECT 'DROP TABLE a'", ["select"]),
        ("SELECT 1 -- DROP TABLE a", ["select"]),
        ("/* DROP */ TRUNCATE t", ["truncate"]),
        ("DELETE FROM t", ["delete_all"]),
        ("DELETE FROM t WHERE id = 1", ["delete_some"]),
        ("DELETE FROM t WHERE 1 = 1", ["delete_all"]),
        ("DELETE FROM t WHERE true", ["delete_all"]),
        ("UPDATE t SET a = (SELECT b FROM u WHERE u.id = 1)", ["update_all"]),
        ("UPDATE t SET a = 1 WHERE id = 2", ["update_some"]),
        ("WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", ["delete_all"]),
        ("ALTER TABLE t DROP COLUMN a", ["alter_drop"]),
        ("GRANT ALL ON t TO public", ["grant"]),
        ("COPY t FROM PROGRAM 'id'", ["copy_program"]),
        ("EXPLAIN DELETE FROM t", ["select"]),
        ("drop table", []),
        ("DROP OWNED BY bob", ["drop_table"]),
        ("ALTER USER bob WITH SUPERUSER", ["create_user"]),
        ("ALTER USER bob SET search_path TO app", ["alter"]),
        ("DO $$ BEGIN EXECUTE 'drop table users'; END $$", ["drop_table"]),
        ("DO $$ BEGIN DROP TABLE users; END $$", ["drop_table"]),
        ("EXEC('DELETE FROM t')", ["delete_all"]),
        ("EXEC sp_executesql N'TRUNCATE TABLE t'", ["truncate"]),
        ("EXEC xp_cmdshell 'dir'", ["copy_program"]),
        ("SELECT * FROM t INTO OUTFILE '/tmp/x'", ["server_file", "select"]),
        ("SELECT 'INTO OUTFILE' FROM t", ["select"]),
        ("SET GLOBAL general_log = 'OFF'", ["log_off"]),
        ("SET GLOBAL general_log = 1", ["select"]),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE SQL AS 'DROP TABLE t'", []),
        ("\\d users", []),
        ("update the readme", ["update_all"]),
    ],
)
def test_a_statement_has_its_verb(text: str, verbs: list[str]):
    assert [verb for verb, _ in statements(text)] == verbs


@pytest.mark.parametrize(
    "text",
    [
        "DELETE FROM shop.t WHERE id = 1;",
        "delete from t where a = 'x y' and b <> 2.5",
        "UPDATE t SET a = 1, b = 'where' WHERE id = $1 AND c >= :since",
        "UPDATE t SET a = ? WHERE id = :id",
    ],
)
def test_a_plain_statement_is_told_without_the_parser_as_with_it(
    text: str, monkeypatch: pytest.MonkeyPatch
):
    parsed = sql._by_tree(text.rstrip(";"), text.upper().split())
    monkeypatch.delattr(sql, "_by_tree")

    assert [verb for verb, _ in statements(text)] == [parsed]


@pytest.mark.parametrize(
    "text",
    [
        "DELETE FROM t WHERE id = id",
        "DELETE FROM t WHERE id = 1 OR 1 = 1",
        "UPDATE t SET a = (SELECT 1 WHERE b = 1)",
        "DELETE FROM t WHERE 2 = 2",
    ],
)
def test_what_a_parser_could_tell_better_is_left_to_it(text: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sql, "_by_tree", lambda statement, words: "asked")

    assert [verb for verb, _ in statements(text)] == ["asked"]


@pytest.mark.parametrize("text", ["(" * 3_000, "DELETE FROM t WHERE " + "(" * 3_000, "DROP" * 900])
def test_hostile_sql_comes_to_an_end(text: str):
    assert len(list(statements(text))) <= 1


def test_prose_does_not_look_like_sql():
    assert not looks_like_sql("please drop the table in the kitchen")
