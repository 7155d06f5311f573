"""Connections of Airflow for sources, out of whatever store this Airflow keeps them in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from gatehouse.adapters.sources.database_address import variable_of
from gatehouse.core.config.contract import ServedSource, SqlSource

if TYPE_CHECKING:
    from gatehouse.core.config.contract import Contract


def provide_connection(contract: Contract) -> None:
    """Put the connection that the contract's source names where the library looks for it. The process of the use case's
    code does not get it. A connection that is not there is named when the source is asked."""
    spec = contract.source.outcomes if isinstance(contract.source, ServedSource) else contract.source
    if not isinstance(spec, SqlSource) or spec.conn_id is None or variable_of(spec) in os.environ:
        return
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError

    try:
        found = BaseHook.get_connection(spec.conn_id)
    except (AirflowNotFoundException, AirflowRuntimeError):
        return
    os.environ[variable_of(spec)] = found.as_json()
