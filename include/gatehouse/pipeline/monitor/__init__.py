"""Monitor a scored batch: drift, performance, changes, incidents, a retrain request."""
