"""One module a stage: functions over a Site's ports. They run the same in a DAG's task, in the backtest and in a test."""
