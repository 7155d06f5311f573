"""Anchors: signed statements about the audit log that lie outside the database.

An anchor says how long the log was and which hash its last entry had. A log that does not lead to that hash any more
was rewritten, cut off, or comes from an older backup. An anchor also has the hash of each entry since the one before
it, so that the first entry that differs can be named.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise

from gatehouse.core.audit.canonical_json import canonical, sha256

VERSION = 1


@dataclass(frozen=True)
class Anchor:
    """How long the log was (`entries`) and the hash of its last entry (`head`), at `at`, signed with the key `key`.

    `digest` is the hash over `hashes`: those of the entries after the `after`th, as far as a store keeps them.
    """

    entries: int
    head: str
    at: str
    key: str
    after: int
    digest: str
    signature: str = ""
    hashes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def name(self) -> str:
        """A name that sorts by the length of the log."""
        return f"{self.entries:012}-{self.head[:16]}"

    def signed_bytes(self) -> bytes:
        """What the signature covers."""
        told = {name: value for name, value in asdict(self).items() if name not in ("signature", "hashes")}
        return canonical({"anchor": "gatehouse", "version": VERSION, **told}).encode()

    def document(self, whole: bool = True) -> str:
        """The anchor as one line of JSON; without `whole` it leaves out the hashes of the single entries."""
        told = asdict(self) if whole else {**asdict(self), "hashes": ()}
        return canonical(told)


def make(hashes: Sequence[str], after: int, at: str, key: str) -> Anchor:
    """An anchor, not signed yet, for a log whose entries after the `after`th have these hashes (one at least)."""
    return Anchor(after + len(hashes), hashes[-1], at, key, after, digest_of(hashes), hashes=tuple(hashes))


def digest_of(hashes: Sequence[str]) -> str:
    """One hash over the hashes of entries."""
    return sha256("\n".join(hashes))


def read(document: str) -> Anchor | None:
    """An anchor out of its document; None for anything else."""
    try:
        found = json.loads(document)
        anchor = Anchor(**{**found, "hashes": tuple(found["hashes"])})
        texts = (anchor.head, anchor.at, anchor.key, anchor.digest, anchor.signature, *anchor.hashes)
        sound = all(isinstance(text, str) for text in texts) and 0 <= anchor.after < anchor.entries
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    whole = not anchor.hashes or (
        len(anchor.hashes) == anchor.entries - anchor.after
        and anchor.hashes[-1] == anchor.head
        and digest_of(anchor.hashes) == anchor.digest
    )
    return anchor if sound and whole else None


@dataclass(frozen=True)
class AnchorEvidence:
    """The anchors whose signatures hold, and a sentence about each document that is none."""

    anchors: tuple[Anchor, ...]
    refused: tuple[str, ...] = ()


@dataclass(frozen=True)
class AnchorCheck:
    """What the anchors say of a log: the breaches, how many entries they vouch for, and the number of anchors."""

    breaches: tuple[str, ...]
    covered: int
    anchors: int


def compare(anchors: Iterable[Anchor], log: Mapping[int, str], length: int) -> AnchorCheck:
    """Hold a log of `length` entries against anchors whose signatures were checked. `log` has the hash of each entry by
    its number, as it is computed from the entry's content."""
    known = sorted(set(anchors), key=lambda anchor: (anchor.entries, anchor.head))
    breaches = [
        f"two anchors are about {one.entries} entries and name two heads: the log was rewritten between them"
        for one, two in pairwise(known)
        if one.entries == two.entries and one.head != two.head
    ]
    vouched = 0
    for anchor in known:
        sentence = _differs(anchor, log, length, vouched)
        if sentence:
            breaches.append(sentence)
            break  # whatever comes later differs because of this
        vouched = anchor.entries
    return AnchorCheck(tuple(breaches), known[-1].entries if known else 0, len(known))


def _differs(anchor: Anchor, log: Mapping[int, str], length: int, vouched: int) -> str:
    """The first entry that is not the anchored one, in a sentence; empty when the log leads to the anchor."""
    told = f"the anchor of {anchor.at} vouches for {anchor.entries} entries"
    for number, expected in enumerate(anchor.hashes, start=anchor.after + 1):
        if number <= length and log.get(number) != expected:
            return f"entry {number} is not the one that was recorded: {told}, and the log is another one from there on"
    if length < anchor.entries:
        return f"entry {length + 1} is missing: {told}, the log has {length}. Its end was cut off, or it is an older backup"
    if log.get(anchor.entries) != anchor.head:
        return f"an entry from {vouched + 1} to {anchor.entries} is not the one that was recorded: {told}"
    return ""
