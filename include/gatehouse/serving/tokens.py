"""Bearer tokens: who may ask which use case. Only hashes are kept, and they are compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gatehouse.errors import ConfigurationError, ServiceUnavailableError

EVERY = "*"
SHORTEST = 16
VARIABLE, FILE_VARIABLE = "GATEHOUSE_SERVING_TOKENS", "GATEHOUSE_SERVING_TOKENS_FILE"


@dataclass(frozen=True)
class Tokens:
    """The hashes of the tokens by use case; `*` is every use case. Without any, nobody has to show one."""

    hashes: Mapping[str, tuple[bytes, ...]]

    @classmethod
    def parse(cls, text: str, where: str) -> Tokens:
        """Tokens out of a text: `TOKEN` for all use cases, `USE_CASE:TOKEN` for one, apart by blanks, commas or lines."""
        hashes: dict[str, tuple[bytes, ...]] = {}
        for number, entry in enumerate(filter(None, re.split(r"[,\s]+", text)), 1):
            use_case, _, token = entry.rpartition(":")
            if len(token) < SHORTEST:
                raise ConfigurationError(
                    f"token {number} is too short",
                    where=where,
                    found=f"{len(token)} characters",
                    allowed=f"{SHORTEST} characters or more; several tokens are apart by commas or lines",
                )
            hashes[use_case or EVERY] = (*hashes.get(use_case or EVERY, ()), _hash(token))
        return cls(hashes)

    def __bool__(self) -> bool:
        return bool(self.hashes)

    def allow(self, use_case: str, shown: str) -> bool:
        """Whether this token may ask the use case. Each known one is compared, whatever the others gave."""
        return self._known((*self.hashes.get(use_case, ()), *self.hashes.get(EVERY, ())), shown)

    def allow_any(self, shown: str) -> bool:
        """Whether this token may ask any use case."""
        return self._known([each for hashes in self.hashes.values() for each in hashes], shown)

    def _known(self, hashes: Iterable[bytes], shown: str) -> bool:
        found = False
        for known in hashes:
            found |= hmac.compare_digest(known, _hash(shown))
        return found or not self.hashes


class TokenFile:
    """The tokens of the environment and of a file, which is read again when it changes: a token is replaced without a
    restart."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._text = environment.get(VARIABLE, "")
        self._path = Path(environment[FILE_VARIABLE]) if environment.get(FILE_VARIABLE) else None
        self._read: tuple[int, Tokens] | None = None

    @property
    def tokens(self) -> Tokens:
        """The tokens now; ConfigurationError when the file cannot be read at the start, or holds none."""
        if self._path is None:
            return Tokens.parse(self._text, VARIABLE)
        try:
            changed = self._path.stat().st_mtime_ns
            if self._read is None or self._read[0] != changed:
                read = Tokens.parse(f"{self._path.read_text()}\n{self._text}", str(self._path))
                if not read:
                    raise ConfigurationError("the file holds no token", where=str(self._path), allowed="USE_CASE:TOKEN")
                self._read = changed, read
        except OSError as error:
            if self._read is None:
                what = f"the file cannot be read: {error.strerror}"
                raise ConfigurationError(what, where=f"{FILE_VARIABLE}={self._path}") from error
        except ConfigurationError as error:
            if self._read is None:
                raise
            raise ServiceUnavailableError(str(error)) from error
        return self._read[1] if self._read else Tokens({})


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
