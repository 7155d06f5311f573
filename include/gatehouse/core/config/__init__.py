"""The three YAML files of a use case as strict, frozen models."""
