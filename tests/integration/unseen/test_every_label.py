"""Every row keeps its own label: keys of any types, orders and repeats, against a join that PostgreSQL makes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings

from conftest import LedgerDatabase
from gatehouse.ports import Ledger
from support.drawn import Drawn, Joins, deliveries
from support.fixtures import shared_database, shared_ledger  # noqa: F401 - fixtures

TWO = ("string", "string")


@pytest.fixture(scope="module")
def joins(
    tmp_path_factory: pytest.TempPathFactory, shared_database: LedgerDatabase, shared_ledger: Ledger
) -> Iterator[Joins]:
    """The stages and the join over one database."""
    with contextlib.closing(
        Joins(tmp_path_factory.mktemp("drawn"), shared_ledger, shared_database.superuser_url)
    ) as made:
        yield made


@settings(max_examples=50, database=None, suppress_health_check=list(HealthCheck))
@given(drawn=deliveries())
@example(drawn=Drawn(TWO, (("s|a", "b"), ("s", "a|b")), ((("s|a", "b"), 1.0), (("s", "a|b"), 0.0))))
@example(drawn=Drawn(("string",), ((None,), ("a",)), (((None,), 1.0), (("a",), 0.0))))
@example(drawn=Drawn(("number",), ((0.0,), (-0.0,)), (((-0.0,), 1.0), ((0.0,), 1.0))))
@example(drawn=Drawn(("boolean",), ((False,), (True,)), (((False,), 0.0), ((False,), 1.0), ((True,), 1.0))))
def test_every_label_is_the_one_of_a_join_in_sql(joins: Joins, drawn: Drawn) -> None:
    """A row is in the training set with the label of `JOIN ... USING (key)` by typed columns, and only where it has one."""
    joins.check(drawn)
