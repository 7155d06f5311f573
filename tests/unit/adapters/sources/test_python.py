from __future__ import annotations

import pandas as pd
import pytest

from gatehouse.adapters.sources import open_source
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.errors import ConfigurationError, ServiceUnavailableError, SourceError
from support.contracts import contract, rides

MARCH = batch_interval("month", "2013-03")
GOOD = """
import pandas as pd
seen = []
def available(step=1): return ["2013-02", "2013-01"][::step]
def fetch(key, interval, step=1):
    seen.append(key)
    known = {"name": "a", "speed": 1, "open": True, "at": interval.start, "limit": 9}
    return {"rides": pd.DataFrame({"id": [len(seen)], **known})}
def outcomes(key, interval, step=1):
    return pd.DataFrame({"id": [1], "late": [True]}) if key == "2013-01" else None
"""


def source(folder, code, **spec):
    """The source of a use case whose module has this code."""
    folder.mkdir(exist_ok=True)
    (folder / "source.py").write_text(code)
    return open_source(contract(source={"kind": "python", **spec}), folder)


def test_the_module_of_the_use_case_is_the_source(tmp_path) -> None:
    """Its three functions are called, keys come in the order of time, tables as declared types."""
    module = source(tmp_path / "a", GOOD)
    assert module.available() == ["2013-01", "2013-02"]
    assert module.fetch("2013-03", MARCH)["rides"].dtypes.equals(rides().dtypes)
    assert module.outcomes("2013-01", MARCH).to_dict("list") == {"id": [1], "late": [True]}
    assert module.outcomes("2013-02", MARCH) is None


def test_use_cases_do_not_share_a_module(tmp_path) -> None:
    """Two folders with a `source.py` each have state of their own."""
    first, second = source(tmp_path / "a", GOOD), source(tmp_path / "b", GOOD)
    first.fetch("2013-03", MARCH)
    assert list(second.fetch("2013-03", MARCH)["rides"]["id"]) == [1]


def test_options_are_passed_on(tmp_path) -> None:
    """The contract's options arrive as keyword arguments."""
    assert source(tmp_path / "a", GOOD, options={"step": 2}).available() == ["2013-02"]


@pytest.mark.parametrize("act", ["raise KeyError('feed')", "1 / 0", "import sys; sys.exit(3)", "raise MemoryError"])
def test_what_it_raises_is_a_source_error(tmp_path, act) -> None:
    """Whatever the module raises names file, function and cause, with the original chained."""
    module = source(tmp_path / "a", GOOD + f"\ndef fetch(key, interval):\n    {act}\n")
    with pytest.raises(SourceError, match=r"a/source\.py:13: fetch\('2013-03'\) raised \w+") as caught:
        module.fetch("2013-03", MARCH)
    assert caught.value.__cause__ is not None


def test_unreachable_stays_worth_a_retry(tmp_path) -> None:
    """A module that says its service is away is tried again."""
    code = "\nfrom gatehouse.errors import ServiceUnavailableError\ndef available(): raise ServiceUnavailableError('feed is away')\n"
    with pytest.raises(ServiceUnavailableError, match="feed is away"):
        source(tmp_path / "a", GOOD + code).available()


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("def available(): return 3", r"available\(\) returned 3; it must return a list of keys"),
        ("def available(): return ['March']", r"not the key of a month batch; found 'March'"),
        ("def fetch(key, interval): return 3", r"fetch\('2013-03'\) returned int"),
        ("def fetch(key, interval): return {'planes': pd.DataFrame()}", r"table 'planes' is not in contract.yaml"),
        ("def outcomes(key, interval): return 3", r"outcomes\('2013-03'\) returned int"),
    ],
)
def test_wrong_answers_are_named(tmp_path, code, sentence) -> None:
    """An answer of another shape is a SourceError that says what was expected."""
    module = source(tmp_path / "a", GOOD + "\n" + code + "\n")
    with pytest.raises(SourceError, match=sentence):
        [module.available(), module.fetch("2013-03", MARCH), module.outcomes("2013-03", MARCH)]


@pytest.mark.parametrize(
    ("code", "sentence"),
    [("x = ", "the import raised SyntaxError"), ("def available(): ...", "does not define fetch, outcomes")],
)
def test_a_module_that_is_no_source_is_named(tmp_path, code, sentence) -> None:
    """A module that does not import or lacks a function is a SourceError."""
    with pytest.raises(SourceError, match=sentence):
        source(tmp_path / "a", code)


def test_a_missing_module_is_a_configuration_error(tmp_path) -> None:
    """The contract names a module that is not there."""
    with pytest.raises(ConfigurationError, match=r"source.module.*feed\.py"):
        source(tmp_path / "a", GOOD, module="feed")


def test_columns_no_file_can_hold_land_as_text(tmp_path) -> None:
    """A delivery with mixed values still lands, so that its batch can be quarantined."""
    code = "\ndef fetch(key, interval): return {'rides': pd.DataFrame({'id': [1, 'x', None, [2], b'\\xff']})}\n"
    frame = source(tmp_path / "a", GOOD + code).fetch("2013-03", MARCH)["rides"]
    pd.testing.assert_frame_equal(frame, pd.DataFrame({"id": ["1", "x", None, "[2]", "b'\\xff'"]}))
