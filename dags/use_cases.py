"""All DAGs of all installed use cases."""

from gatehouse_airflow import build_dags

build_dags()
