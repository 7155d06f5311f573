"""Who is let in, how often, and with how large a body."""

from __future__ import annotations

import hmac
from pathlib import Path

from fastapi import Request

from gatehouse.serving.http_errors import RefusedError
from gatehouse.serving.options import ServingOptions
from gatehouse.serving.rate_limit import RateLimit
from gatehouse.serving.tokens import TokenFile


class Door:
    """Checks each request before it is read."""

    def __init__(self, options: ServingOptions, tokens: TokenFile, scrape_token: Path | None = None) -> None:
        self.most, self._tokens, self._scrape = options.max_body, tokens, scrape_token
        self._rate = RateLimit(options.rate)

    def admit(self, use_case: str, request: Request) -> None:
        """Raise RefusedError for a missing or another token (401) and for too many requests (429)."""
        shown = _bearer(request)
        if not self._tokens.tokens.allow(use_case, shown):
            what = f"Show a bearer token of {use_case}." if not shown else f"This token is none of {use_case}."
            raise RefusedError(401, what, {"WWW-Authenticate": "Bearer"})
        wait = self._rate.wait(f"{use_case} {shown or (request.client.host if request.client else '')}")
        if wait > 0:
            raise RefusedError(
                429, f"Too many requests. Try again in {wait:.2f} s.", {"Retry-After": str(int(wait) + 1)}
            )

    def admit_reader(self, request: Request) -> None:
        """Raise RefusedError (401) for who may ask no use case; everybody may read where nobody has to show a token."""
        if not self._tokens.tokens.allow_any(_bearer(request)):
            raise RefusedError(401, "Show a bearer token of any use case.", {"WWW-Authenticate": "Bearer"})

    async def body(self, request: Request) -> bytes:
        """The body; RefusedError (413) as soon as it is too large."""
        declared = request.headers.get("content-length", "")
        found = bytearray()
        if not declared.isdigit() or int(declared) <= self.most:
            async for chunk in request.stream():
                found += chunk
                if len(found) > self.most:
                    break
            else:
                return bytes(found)
        raise RefusedError(413, f"The body is larger than {self.most:,} bytes. Send fewer rows.")

    def may_scrape(self, request: Request) -> bool:
        """Whether the request may read the measures: everybody where there is no scrape token."""
        if self._scrape is None:
            return True
        return hmac.compare_digest(self._scrape.read_bytes().strip(), _bearer(request).encode())


def _bearer(request: Request) -> str:
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    return shown.strip() if scheme.lower() == "bearer" else ""
