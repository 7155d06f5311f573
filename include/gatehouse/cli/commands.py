"""Which commands there are: noun -> what it is about and its verbs; verb -> `module:function` here, and help in a line."""

from __future__ import annotations

Verbs = dict[str, tuple[str, str]]

NOUNS: dict[str, tuple[str, Verbs]] = {
    "use-case": (
        "The folders of use cases.",
        {
            "new": ("scaffold:new", "Make a use case from your data, or on made-up data."),
            "check": ("check:check", "Run use cases on real rows and list everything that would fail."),
            "schema": ("scaffold:schema", "Print the JSON schema of one of the YAML files."),
            "upgrade": ("upgrade:upgrade", "Rewrite the keys of an earlier version, comments kept."),
        },
    ),
    "batch": (
        "Batches of data, and what became of them.",
        {
            "list": ("show:batches", "List every batch and revision, with its state and why."),
            "release": ("actions:release_batch", "Accept the readable rows of a quarantined batch."),
            "discard": ("actions:discard_batch", "Keep a quarantined batch and never use it."),
            "revalidate": ("manual:revalidate", "Check a batch against its contract as it reads now."),
            "backfill": ("manual:backfill", "Take a range of batches, oldest first."),
            "report": ("report:batch_report", "Write the archived HTML report of a batch."),
        },
    ),
    "request": (
        "Requests to retrain.",
        {
            "list": ("show:requests", "List every request, its reasons and how it ended."),
            "create": ("actions:retrain", "Ask for a retraining."),
        },
    ),
    "decision": (
        "Decisions of the gate.",
        {
            "list": ("show:decisions", "List every decision, its verdict and why."),
            "explain": ("show:explain", "Explain a decision, and what would change it."),
            "report": ("report:decision_report", "Write the archived HTML report of a decision."),
            "replay": ("replay:replay", "Decide again from the archived evidence."),
            "re-run": ("manual:judge", "Decide again on all rows that have matured since."),
            "approve": ("actions:approve", "Approve a REVIEW: its challenger becomes the champion."),
            "reject": ("actions:reject", "Reject a REVIEW: the champion stays."),
            "override": ("actions:override", "Promote a challenger against the verdict, for a time."),
            "confirm-override": ("actions:confirm", "Confirm another person's override."),
        },
    ),
    "champion": (
        "The model in production.",
        {
            "show": ("show:champion", "Print the champion, now or at a moment, and who or what made it."),
            "score": ("score:score", "Score a file with the champion, without a batch."),
            "rollback": ("actions:rollback", "Make an earlier champion the champion again."),
            "accept-level": ("manual:accept", "Accept the champion's present level as the level to keep."),
        },
    ),
    "notification": (
        "Notifications that were sent or that wait.",
        {
            "list": ("notifications:messages", "List what was sent, what waits, and what was held back and why."),
            "test": ("notifications:try_recipient", "Send a test message to one recipient."),
        },
    ),
    "db": (
        "The ledger's database.",
        {"migrate": ("database:migrate", "Make the ledger's tables, or bring them to this version.")},
    ),
    "config": (
        "The configuration of the installation.",
        {"show": ("notifications:show_config", "Check notify.yaml and list who is notified of what.")},
    ),
    "audit": (
        "The record, and whether it is whole.",
        {
            "verify": ("verify:verify", "Check the invariants, or an exported audit log."),
            "list": ("audit_list:audit_list", "Who did what, on what, why, and what came of it."),
            "export": ("audit_export:export", "Write the whole log as one signed file."),
            "log": ("audit_log:audit_log", "What was recorded, or all of it as one file."),
        },
    ),
    "dev": (
        "The stack of this checkout.",
        {
            "up": ("stack:up", "Start PostgreSQL, MLflow and Airflow on this machine."),
            "down": ("stack:down", "End the stack; its data stays."),
            "status": ("stack:status", "Print each component's health, and what is unhealthy."),
            "demo": ("stack:walk", "Take a use case through its batches by real DAG runs."),
        },
    ),
}
COMMANDS: Verbs = {
    "backtest": ("backtest:backtest", "Replay a use case's whole history from files alone."),
    "ci": ("ci:ci", "Say in a pull request what a change to a use case means."),
    "serve": ("serve:serve", "Answer requests over HTTP with the champions."),
}

NEED_A_LEDGER = (
    "show",
    "score",
    "serve",
    "replay",
    "actions",
    "manual",
    "report",
    "verify",
    "audit_log",
    "audit_list",
    "audit_export",
    "notifications",
)

# The commands of version 0.1, and what they are called now.
RETIRED = {
    "batches": "batch list", "release": "batch release", "discard": "batch discard", "revalidate": "batch revalidate",
    "backfill": "batch backfill", "requests": "request list", "retrain": "request create", "decisions": "decision list",
    "explain": "decision explain", "replay": "decision replay", "judge": "decision re-run",
    "approve": "decision approve", "reject": "decision reject", "override": "decision override",
    "confirm": "decision confirm-override", "rollback": "champion rollback", "messages": "notification list",
    "notify": "config show notify", "new": "use-case new", "schema": "use-case schema", "check": "use-case check",
    "up": "dev up", "down": "dev down", "status": "dev status", "walk": "dev demo", "verify": "audit verify",
    "audit_log": "audit log", "report": "decision report", "accept-level": "champion accept-level",
}  # fmt: skip
