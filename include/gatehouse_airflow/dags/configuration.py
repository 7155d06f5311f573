"""**Configuration**: a use case whose files cannot be read has this DAG alone. It runs once and fails with the reason.

| | |
|---|---|
| makes | nothing; it says what is wrong, so that the use case does not vanish without a word |
| woken by | its creation |
| owner | whoever owns the file that the sentence names |
| red means | the sentence: which file and key, what was found, what is allowed |
| do | `gatehouse use-case check USECASE`, then mend the file; the use case's own DAGs come back by themselves |
"""
