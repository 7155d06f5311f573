"""The plugin of a checkout. An installed wheel brings it by its entry point `airflow.plugins`."""

from gatehouse_ui.plugin import GatehousePlugin

__all__ = ["GatehousePlugin"]
