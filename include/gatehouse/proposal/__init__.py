"""A use case proposed from real data: what was found, what follows from it, and the five files.

`dialects` and `column_types` read texts, `table` gathers facts, `choose`, `leaks` and `limits` decide, `contract_text`,
`model_text` and `policy_text` write. Only `gather` reads files, and only
`database` a database.
"""
