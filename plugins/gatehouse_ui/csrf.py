"""An act must come from a form of ours: a signed token of this user's, and no sign of another site.

Airflow's session cookie is `SameSite=Lax` already, so a foreign page's POST carries no session; the token and the
browser's own word on where a request comes from are the second and the third lock.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from airflow.configuration import conf
from fastapi import HTTPException, Request
from itsdangerous import BadSignature, URLSafeTimedSerializer

HOURS = 12


def token_for(user: Any) -> str:
    """The token that the forms of this user carry."""
    return str(_signer().dumps(str(user.get_id())))


def check(request: Request, user: Any, token: str) -> None:
    """403 unless the form is ours and this user's."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    ours = {request.headers.get("host", ""), urlsplit(conf.get("api", "base_url", fallback="") or "").netloc}
    if site != "same-origin" or (origin is not None and urlsplit(origin).netloc not in ours - {""}):
        raise HTTPException(403, "this act was asked for by a page of another site; nothing was done")
    try:
        owner = _signer().loads(token, max_age=HOURS * 3600)
    except BadSignature:
        raise HTTPException(403, "the form is too old or not ours; load the page again, nothing was done") from None
    if owner != str(user.get_id()):
        raise HTTPException(403, "the form was made for somebody else; load the page again, nothing was done")


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(conf.get_mandatory_value("api", "secret_key"), salt="gatehouse-ui")
