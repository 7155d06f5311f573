"""The backtest: a use case's whole history through the same core and stages, without Airflow and from files alone."""

from gatehouse.backtest.run import BacktestResult, backtest

__all__ = ["BacktestResult", "backtest"]
