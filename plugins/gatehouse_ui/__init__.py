"""The pages inside the Airflow UI: server-rendered, read from the ledger, acting only through the stages and reviews."""
