"""Where the source `sql` finds its database: in an environment variable, or in a connection of Airflow.

Airflow keeps a connection `orders` in the variable `AIRFLOW_CONN_ORDERS`, as a URI or as JSON. Tasks put connections of other
stores there before they read. The address has credentials, so it stands in no message.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from gatehouse.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import URL

    from gatehouse.core.config.contract import SqlSource

_DRIVERS = {"postgres": "postgresql"}  # where Airflow's word differs from SQLAlchemy's


def variable_of(spec: SqlSource) -> str:
    """The environment variable that holds the address."""
    return spec.connection or f"AIRFLOW_CONN_{str(spec.conn_id).upper()}"


def name_of(spec: SqlSource) -> str:
    """How messages name the address."""
    return spec.connection or f"Airflow's connection {spec.conn_id!r}"


def address(spec: SqlSource) -> URL:
    """The address of the database. ConfigurationError where there is none, or no address can be read."""
    from sqlalchemy import exc

    variable = variable_of(spec)
    found = os.environ.get(variable, "").strip()
    if not found:
        raise ConfigurationError(
            "the variable with the database's address is not set",
            where="environment",
            found=f"no {variable}",
            allowed="an address of SQLAlchemy, such as mysql+pymysql://user@host/database",
            owner="data engineer",
        )
    try:
        return _from_airflow(found) if spec.conn_id else _url(found)
    except (exc.ArgumentError, ValueError, AttributeError, TypeError):  # their texts quote the address
        raise ConfigurationError(
            "not the address of a database",
            where=f"environment: {variable}",
            allowed="an address of SQLAlchemy, such as mysql+pymysql://user@host/database",
            owner="data engineer",
        ) from None


def _from_airflow(found: str) -> URL:
    if not found.startswith("{"):
        url = _url(found)
        return url.set(drivername=_driver(url.drivername))
    return _from_parts(json.loads(found))


def _from_parts(parts: Mapping[str, Any]) -> URL:
    from sqlalchemy.engine import URL

    extra = parts.get("extra") or {}
    extra = json.loads(extra) if isinstance(extra, str) else dict(extra)
    driver = str(extra.pop("sqlalchemy_scheme", None) or _driver(str(parts["conn_type"])))
    query = {name: value for name, value in extra.items() if isinstance(value, str) and not name.startswith("__")}
    if driver.startswith("sqlite"):
        return URL.create(driver, database=parts.get("schema") or parts.get("host"))
    port = parts.get("port")
    return URL.create(
        driver,
        username=parts.get("login"),
        password=parts.get("password"),
        host=parts.get("host"),
        port=int(port) if port else None,
        database=parts.get("schema"),
        query=query,
    )


def _driver(kind: str) -> str:
    kind = kind.replace("-", "_")
    return _DRIVERS.get(kind, kind)


def _url(found: str) -> URL:
    from sqlalchemy.engine import make_url

    return make_url(found)
