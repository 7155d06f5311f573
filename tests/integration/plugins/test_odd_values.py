"""No value in an address or a form breaks a page: each is answered, and never with a 500."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatehouse.core.types import Verdict
from integration.plugins.test_page_access import decided
from support.pages_world import CASE, World, airflow_home, world  # noqa: F401 - fixtures

LOOK = (  # every address that looks, with all that it takes
    "/?q={}&p={}&need={}&sort={}", "/notifications?held={}&before={}", "/use-cases/{}", "/use-cases/{}/batches?state={}&sort={}&order={}&p={}&since={}&until={}",
    "/audit?by={}&kind={}&since={}&until={}&before={}&use_case={}", "/audit.csv?by={}&kind={}&since={}&until={}&use_case={}",
    "/use-cases/{}/audit?by={}&kind={}&since={}&until={}&before={}",
    "/use-cases/{}/policy?limit={}&value={}&costs={}", "/use-cases/{}/backtests/{}",
    "/use-cases/{}/rollback?version={}", "/use-cases/{}/compare?one={}&other={}", "/use-cases/{}/drift?batch={}&sort={}&n={}", "/use-cases/{}/column?name={}&batch={}&n={}",
    "/use-cases/{}/decisions?verdict={}&sort={}&order={}&p={}&since={}&until={}", "/use-cases/{}/runbook", "/decisions/{}", "/decisions/{}/candidates", "/batches/{}/{}?table={}&q={}&p={}",
    "/use-cases/{}/batches.csv?state={}&since={}&sort={}", "/use-cases/{}/decisions.csv?verdict={}&until={}&sort={}",
    "/batches/{}/{}/report", "/batches/{}/{}/quarantined.csv?table={}",
    "/run?dag_id={}&run_id={}&task_id={}&map_index={}", "/static/{}", "/whoami",
)  # fmt: skip
ACT = ("/decisions/{}/{}", "/use-cases/{}/rollback", "/batches/{}/{}/{}")
NEAR = (  # values that are nearly right, and some that are: they reach what lies behind the first check
    CASE, f"{CASE}__monitor", f"{CASE}__retrain", "2013-01.r1", "2013-04.r1", "2013-04.r0", "2013-13.r1", ".r1", "r1",
    "2013-01.r" + 40 * "9", "2013-01.r²", "2013-01.r٣", "--5", "-5", "-1", "5", "0", "1e9", "٣", "²", "{MAP_INDEX}", "-",
    "9" * 30, "-" + "9" * 30, str(2**31), str(2**63), "NaN", "inf", "true", "1.5", "0x10", " ", "", "..", "\x00", "a\x00b",
    "%", "%00", "\u202e", "\ud7ff", "\U0001f600", "'; DROP TABLE batches; --", "page.css", "rides", "release", "discard",
    "approve", "override", "confirm", "reject", "9" * 5000,
)  # fmt: skip
VALUES = st.sampled_from(NEAR) | st.text(max_size=40)
RAW = st.binary(max_size=12).map(lambda raw: "".join(f"%{byte:02X}" for byte in raw))  # wrong encodings too


@pytest.fixture
def told(world: World) -> World:
    """Pages with records behind them, over Airflow's real tables."""
    from gatehouse_ui.airflow_runs import AirflowRuns

    world.app.routes[-1].app.state.runs = AirflowRuns()
    world.decision = decided(world, Verdict.BLOCK)  # type: ignore[attr-defined]
    return world


def filled(template: str, draw: Any, decision: str) -> str:
    """The address with a value for each of its places."""
    written = VALUES.map(lambda value: quote(value, safe="")) | RAW | st.just(decision)
    return "/gatehouse" + re.sub(r"\{\}", lambda _: draw(written), template)


@settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), template=st.sampled_from(LOOK))
def test_no_value_in_an_address_is_a_500(told: World, data: st.DataObject, template: str) -> None:
    """Odd numbers, dates, ids, NUL characters and broken encodings, in every place of every address."""
    address = filled(template, data.draw, told.decision)  # type: ignore[attr-defined]
    answer = told.client("admin").get(address)
    assert answer.status_code < 500, (address, answer.text[:500])


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), template=st.sampled_from(ACT), version=VALUES, reason=VALUES, honest=st.booleans())
def test_no_value_in_a_form_is_a_500(
    told: World, data: st.DataObject, template: str, version: str, reason: str, honest: bool
) -> None:
    """The same in what forms send, also from an approver with a form of ours."""
    form = {"version": version, "reason": reason, "token": told.token("admin") if honest else version}
    address = filled(template, data.draw, told.decision)  # type: ignore[attr-defined]
    answer = told.client("admin").post(address, data=form)
    assert answer.status_code < 500, (address, form, answer.text[:500])


@pytest.mark.parametrize("index", ["--5", "-2", "٣x", "1.5", "9" * 30, "²"])
def test_a_map_index_that_is_none_is_named(told: World, index: str) -> None:
    """The page says which value of the address it does not take; it is the asker's error, not ours."""
    address = f"/gatehouse/run?dag_id={CASE}__monitor&run_id=r&map_index={quote(index)}"
    answer = told.client("viewer").get(address)
    assert (answer.status_code, "map_index" in answer.text) == (400, True)


def test_a_link_whose_placeholder_airflow_left_is_followed(told: World) -> None:
    """A task that is not mapped has no index: Airflow leaves `{MAP_INDEX}` in the address as it is."""
    address = f"/gatehouse/run?dag_id={CASE}__monitor&run_id=r&map_index={quote('{MAP_INDEX}')}"
    assert told.client("viewer").get(address).status_code == 200


def test_every_parameter_of_every_route_is_tried(told: World) -> None:
    """A route that is added without an address above fails."""
    known = {re.sub(r"\{[a-z_]+\}", "{}", route.path) for route in told.app.routes[-1].app.routes}
    assert known - {"/health", "/metrics"} == {template.partition("?")[0] for template in (*LOOK, *ACT)}
