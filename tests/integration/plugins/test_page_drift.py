"""Drift, drawn: which columns of a batch changed, how they look, and when."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import pytest

from gatehouse.core.drift.reference import SCORE, Reference
from gatehouse.core.profiling import profile_of
from gatehouse.core.profiling.batch_profile import BatchProfile
from gatehouse.core.types import MonitoringReport
from integration.plugins.test_page_accessible import Page
from support.pages_world import CASE, World, airflow_home, world  # noqa: F401 - fixtures

HOSTILE = "<script>alert(1)</script>/..&\"'"
DRIFT = f"/gatehouse/use-cases/{CASE}/drift"
COLUMN = f"/gatehouse/use-cases/{CASE}/column"


def record(column: str, state: str, value: float | None = None, **more: Any) -> dict[str, Any]:
    """A judged column as monitoring stores it."""
    return {"column": column, "state": state, "value": value, "limit": 0.1 if value is not None else None, "rows": 9,
            "reference_rows": 400, "distance": "Jensen-Shannon distance", "origin": "policy", "effect": f"effect of {column}",
            "sentence": f"{column}: told", **more}  # fmt: skip


def frame(shift: float) -> pd.DataFrame:
    """Two columns, one of them with hostile names and values."""
    random = np.random.default_rng(3)
    codes = np.array(["a", "b", HOSTILE] if shift else ["a", "b"])
    return pd.DataFrame({"size": random.normal(shift, 1, 400), HOSTILE: random.choice(codes, 400)})


@pytest.fixture
def drifted(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A champion with a reference, and two batches that were monitored against it, with profiles."""
    story = world.story
    inputs, scores = profile_of(frame(0)), profile_of({SCORE: np.linspace(0, 1, 50)})
    document = Reference(inputs, scores, {}, {"size": 0.25}, 50).to_document()
    put = story.lake.put
    kept = put(json.dumps(document).encode(), "references", "json")
    monkeypatch.setattr(
        story.lake, "put", lambda data, kind, ext: kept if kind == "references" else put(data, kind, ext)
    )
    first, second = story.accept("2013-01"), story.accept("2013-02")
    champion = story.promote(story.decide(story.challenger(first, second)))
    for key, shift in (("2013-03", 0.0), ("2013-04", 2.0)):
        batch = story.land(key).id
        made = BatchProfile({}, profile_of(frame(shift), like=inputs))
        profile = put(json.dumps(made.to_document()).encode(), "profiles", "json")
        story.ledger.batches.accept(story.enter(f"{key}/v"), batch, story.parts(batch), story.report(), profile)
        story.score(batch, champion)
        drift = [record("size", "alarm" if shift else "quiet", 0.3 if shift else 0.02, impact={"sentence": "log loss up to +0.1", "worst": 0.1}),
                 record(HOSTILE, "changed" if shift else "quiet", 0.2 if shift else 0.01), record(SCORE, "quiet", 0.05),
                 record("rare", "too few rows", effect="", sentence="rare: too few rows (9)")]  # fmt: skip
        body = {"alarms": [], "champion": 1, "drift": drift}
        report = MonitoringReport(batch, story.ledger.batches.get(batch).interval.end, body)
        story.ledger.batches.watched(story.enter(f"{batch}/watch"), report, {})
    return world


def test_which_columns_changed_takes_two_clicks(drifted: World) -> None:
    """Use cases, the use case, its Drift tab: changed columns first with their drawings, the unchanged ones folded."""
    client = drifted.client("viewer")
    assert f'href="/gatehouse/use-cases/{CASE}"' in client.get("/gatehouse/").text
    assert f'href="{DRIFT}"' in client.get(f"/gatehouse/use-cases/{CASE}").text
    html = client.get(DRIFT).text
    shown, folded = html.split("<details>")[0], html.split("<details>")[1]
    assert "2 of 4 columns changed" in shown
    assert "effect of size" in shown
    assert "log loss up to +0.1" in shown
    assert shown.count('class="histogram small"') == 2
    assert "scores" in folded
    assert "too few rows" in folded


def test_the_table_sorts_by_the_address(drifted: World) -> None:
    """Each order is a link; the chosen one is told to screen readers, and the batch stays chosen."""
    client = drifted.client("viewer")
    html = client.get(f"{DRIFT}?batch=2013-04.r1&sort=column").text
    assert 'aria-sort="ascending"' in html
    assert html.index("effect of &lt;script") < html.index("effect of size")
    assert client.get(f"{DRIFT}?sort=nonsense").status_code == 200
    assert "none of 4 columns changed" in client.get(f"{DRIFT}?batch=2013-03.r1").text


def test_the_matrix_has_a_number_and_a_link_for_each_batch(drifted: World) -> None:
    """Columns by batches: distance by limit, the alarm marked, the cell leads to the column in that batch."""
    html = drifted.client("viewer").get(DRIFT).text
    assert f'<td class="l3"><a href="{COLUMN}?name=size&amp;batch=2013-04.r1">3 !</a></td>' in html
    assert f'<td class="l0"><a href="{COLUMN}?name=size&amp;batch=2013-03.r1">0.2</a></td>' in html


def test_a_column_has_its_page(drifted: World) -> None:
    """Drawing with a table of its bins, numbers of both sides, importance, and its distance in each batch with links."""
    html = drifted.client("viewer").get(f"{COLUMN}?name=size&batch=2013-04.r1").text
    page = Page(html)
    assert 'class="histogram"' in html
    assert "The 20 bins as a table" in html
    assert next(words for _, words in page.all("th") if "quantile" in words) == "1% quantile"
    assert "permutation importance 0.25" in html
    links = [attrs for attrs, _ in page.all("a") if "distance" in (attrs.get("aria-label") or "")]
    assert [str(each["href"]).split("batch=")[1][:10] for each in links] == ["2013-03.r1", "2013-04.r1"]
    assert 'class="cross"' in html


def test_hostile_names_and_values_stay_text(drifted: World) -> None:
    """A column and a category that are scripts are shown, linked and drawn, and are never markup."""
    client = drifted.client("viewer")
    for address in (DRIFT, f"{COLUMN}?{urlencode({'name': HOSTILE, 'batch': '2013-04.r1'})}"):
        answer = client.get(address)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
        assert " style=" not in answer.text
        assert Page(answer.text).all("h1")
    assert "Values that the reference does not hold" in answer.text


def test_scores_are_drawn_from_the_recorded_ones(drifted: World) -> None:
    """The model's scores have no profile of their own; the column's page draws the recorded ones."""
    html = drifted.client("viewer").get(f"{COLUMN}?name={SCORE}").text
    assert "<h1>the model&#39;s scores</h1>" in html
    assert 'class="histogram"' in html


def test_what_is_lost_is_named_and_the_rest_is_shown(drifted: World, tmp_path: Any) -> None:
    """Without the profile's file the table and the history stay, and the page says what cannot be read."""
    for path in (tmp_path / "lake" / "profiles").rglob("*.json"):
        path.unlink()
    html = drifted.client("viewer").get(DRIFT).text
    assert "profile cannot be read" in html
    assert "2 of 4 columns changed" in html


def test_nothing_monitored_names_the_next_step(world: World) -> None:
    """An empty page says why; a batch or a column that does not exist is a 404; strangers see nothing."""
    client = world.client("viewer")
    assert "No batch has been monitored yet" in client.get(DRIFT).text
    assert client.get(f"{DRIFT}?batch=2013-03.r1").status_code == 404
    assert client.get(f"{COLUMN}?name=size").status_code == 404
    assert client.get(COLUMN).status_code == 400
    assert world.client(None).get(DRIFT).status_code == 401
