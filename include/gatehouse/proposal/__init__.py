"""A use case proposed from real data: what was found, what follows from it, and the five files.

`dialects`, `column_types` and `number_texts` read texts. `choose`, `shared_key`, `leaks` and `limits` decide. `model_text` and
`policy_text` write. Only `gather` reads files, and only `database` a database.
"""
