"""Gatehouse inside the Airflow UI: pages in the navigation, tabs on runs and tasks, links to MLflow.

Airflow imports this module in every process, also in each task's: nothing heavy is imported before the API server asks
for the app.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow.plugins_manager import AirflowPlugin

PREFIX = "/gatehouse"
RUN = f"{PREFIX}/run?dag_id={{DAG_ID}}&run_id={{RUN_ID}}"


class LazyApp:
    """A class attribute that is made when somebody first reads it."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    def __get__(self, instance: object, owner: type) -> Any:
        return self._make()


def _apps() -> list[dict[str, Any]]:
    from gatehouse_airflow.configure import configure
    from gatehouse_ui.app import application

    configure()
    return [{"app": application(), "url_prefix": PREFIX, "name": "Gatehouse"}]


def _links() -> list[Any]:
    from gatehouse_ui.links import LINKS

    return [link() for link in LINKS]


class GatehousePlugin(AirflowPlugin):
    """The pages, where they are linked from, and the links to MLflow."""

    name = "gatehouse"
    fastapi_apps = LazyApp(_apps)
    global_operator_extra_links = LazyApp(_links)
    external_views = [
        {
            "name": "Gatehouse",
            "href": f"{PREFIX}/",
            "destination": "nav",
            "url_route": "gatehouse",
            "nav_top_level": True,
        },
        {"name": "Gatehouse", "href": RUN, "destination": "dag_run", "url_route": "gatehouse-run"},
        {
            "name": "Gatehouse",
            "href": f"{RUN}&task_id={{TASK_ID}}&map_index={{MAP_INDEX}}",
            "destination": "task_instance",
            "url_route": "gatehouse-task",
        },
    ]
