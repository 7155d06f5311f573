"""The dialect of delivered files: how their texts become rows and values. Nothing of it is guessed while a batch is read."""

from __future__ import annotations

import codecs
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from gatehouse.core.config.base import Spec

EpochUnit = Literal["s", "ms", "us", "ns"]
NO_QUOTE = "none"
_NAMED = {"tab": "\t", r"\t": "\t", "space": " "}


def _encoding(text: str) -> str:
    try:
        codecs.lookup(text)
    except LookupError:
        raise ValueError(f"{text!r} is not an encoding that Python knows, such as utf-8, utf-16 or cp1252") from None
    return text


def _timezone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ValueError, OSError):
        raise ValueError(f"{text!r} is not a time zone such as Europe/Berlin or UTC") from None
    return text


def _quoted(value: object) -> object:
    if isinstance(value, (bool, int, float)):
        what = "write the text in quotes: YAML reads a bare yes, no, on or off as a truth value, 0 as a number"
        raise ValueError(what)  # noqa: TRY004 - pydantic names the key
    return value


def _mark(value: object) -> object:
    return _NAMED.get(value, value) if isinstance(value, str) else value


Character = Annotated[str, BeforeValidator(_mark), Field(min_length=1, max_length=1)]
Quote = Annotated[str, Field(pattern=rf"^(.|{NO_QUOTE})$")]
Encoding = Annotated[str, AfterValidator(_encoding)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
Text = Annotated[str, BeforeValidator(_quoted)]
Texts = tuple[Text, ...]


class Dialect(Spec):
    """How a delivered file is written. Each key has the default of a plain CSV in UTF-8.

    `encoding`, `delimiter`, `quote`, `escape`, `header`, `names`, `skip`, `footer` and `comment` cut a CSV into rows and
    columns. `rename` and `drop` are about the columns of every format. All others say how a text becomes a value; those
    that may differ by column take one value for all columns or a mapping by the column's name in the contract."""

    encoding: Encoding = "utf-8"
    delimiter: Character = ","
    quote: Quote = '"'
    escape: Character | None = None
    header: Annotated[int, Field(ge=0, le=10)] = 1
    names: Texts | None = None
    skip: Annotated[int, Field(ge=0)] = 0
    footer: Annotated[int, Field(ge=0)] = 0
    comment: Annotated[str, Field(min_length=1)] | None = None
    rename: dict[str, str] = {}
    drop: Texts = ()
    decimal: Literal[".", ","] = "."
    thousands: Literal[".", ",", " ", "'", "_"] | None = None
    negative: Literal["parentheses", "trailing"] | None = None
    units: Texts | dict[str, Texts] = ()
    null_values: Texts | dict[str, Texts] = ()
    date_format: str | dict[str, str] | None = None
    epoch_unit: EpochUnit | dict[str, EpochUnit] | None = None
    timezone: TimeZone | dict[str, TimeZone] | None = None
    repeated_hour: Literal["first", "second"] | None = None
    true_values: Texts = ()
    false_values: Texts = ()

    @model_validator(mode="after")
    def _is_clear(self) -> Dialect:
        if self.decimal == self.thousands:
            raise ValueError(f"decimal and thousands must differ; both are {self.decimal!r}")
        if self.header == 0 and self.names is None:
            raise ValueError("a file without header (`header: 0`) needs `names`: the columns in the file's order")
        if set(map(str.casefold, self.true_values)) & set(map(str.casefold, self.false_values)):
            raise ValueError("true_values and false_values must not share a text")
        return self

    def over(self, other: Dialect) -> Dialect:
        """This dialect, with the keys that it does not set taken from another one."""
        return Dialect.model_validate({**_set(other), **_set(self)})


def _set(dialect: Dialect) -> dict[str, object]:
    return {name: getattr(dialect, name) for name in dialect.model_fields_set}
