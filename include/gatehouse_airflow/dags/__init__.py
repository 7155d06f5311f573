"""The DAGs, a module for each kind: names, schedules and wiring. `build` makes them; the tasks' bodies are in `tasks`."""
