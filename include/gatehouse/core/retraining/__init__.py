"""Whether, when and on what to retrain."""
