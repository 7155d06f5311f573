"""`gatehouse audit export`: the whole audit log as one signed file, for an auditor who has no access to anything else."""

from __future__ import annotations

from pathlib import Path

import click

from gatehouse.adapters.ledger import open_ledger
from gatehouse.anchoring import open_anchoring
from gatehouse.cli.audit_log import all_entries
from gatehouse.cli.output import json_option, print_result
from gatehouse.core.audit.hash_chain import export_lines
from gatehouse.core.audit.signed_export import seal
from gatehouse.errors import ConfigurationError
from gatehouse.settings import Settings


@click.command()
@click.option(
    "--signed",
    "file",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the whole audit log and its signature to this file.",
)
@json_option
def export(file: Path, as_json: bool) -> None:
    """Write the whole audit log as one signed file. Give the public key to the auditor in another way than the file."""
    settings = Settings.from_environment()
    anchoring = open_anchoring(settings)
    if anchoring is None:
        raise ConfigurationError(
            "there is no key to sign the export with",
            where="GATEHOUSE_ANCHOR_KEY_FILE",
            allowed="the file of a key; `gatehouse audit log --output FILE` writes the log without a signature",
        )
    text = "".join(export_lines(all_entries(open_ledger(settings.require("ledger_url")).audit_log)))
    key = anchoring.signer.public_key
    file.write_bytes(seal(text.encode(), key, anchoring.signer.sign))
    print_result({"signed": str(file), "public_key": key}, as_json, f"written: {file}\npublic key: {key}")
