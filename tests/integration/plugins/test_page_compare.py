"""Two versions side by side."""

from __future__ import annotations

from gatehouse.core.types import Verdict
from support.pages_world import CASE, World, airflow_home, world  # noqa: F401 - fixtures

PAGE = f"/gatehouse/use-cases/{CASE}/compare"


def test_two_versions_take_two_clicks(world: World) -> None:
    """From a decision's page: origin, verdict, batches scored and metrics of both; without a choice the newest two."""
    story = world.story
    story.tell()
    hold = story.decide(story.challenger(story.accept("2013-05"), story.accept("2013-06")), Verdict.HOLD, generation=1)
    client = world.client("viewer")
    assert f'href="{PAGE}?one=1&amp;other=2"' in client.get(f"/gatehouse/decisions/{hold.id}").text
    html = client.get(f"{PAGE}?one=1&other=2").text
    for told in ("Version 1</th>", "Version 2</th>", "PROMOTE", "HOLD", "2013-02-01", "2013-06-01", "log_loss", "0.4"):
        assert told in html
    newest = client.get(PAGE).text
    assert newest.count('<option value="1" selected>') == newest.count('<option value="2" selected>') == 1


def test_what_is_not_there_is_named(world: World) -> None:
    """No version yet names the next step; a version that there is not is a 404; strangers see nothing."""
    client = world.client("viewer")
    assert "No version has been trained yet." in client.get(PAGE).text
    world.story.tell()
    assert client.get(f"{PAGE}?one=1&other=9").status_code == 404
    assert client.get(f"{PAGE}?one=1&other=1").status_code == 200
    assert world.client(None).get(PAGE).status_code == 401
