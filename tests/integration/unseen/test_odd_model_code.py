"""What features() and target() may return: aligned with the rows that they were given, or refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from support.fixtures import Play, played, shared_database, shared_ledger  # noqa: F401 - fixtures
from support.folders import Folder
from support.played import joined, same

KEYS = ("2024-01", "2024-02", "2024-03")
SIDE = 'side = pd.DataFrame({"group": ["c", "a", "b"], "weight": [3.0, 1.0, 2.0]})\n'
TWO = '[["group", "amount"]]'
ALIGNED = {
    "sorted with its index": f'return rows.sort_values("amount"){TWO}',
    "sampled with its index": f"return rows.sample(frac=1, random_state=3){TWO}",
    "sorted and put back": f'return rows.sort_values("amount"){TWO}.sort_index()',
    "in the given order, without an index": f'return rows{TWO}.set_axis(range(7, 7 + len(rows)), axis=0)',
    "the key as the index": f'return rows.set_index("id"){TWO}',
    "left merge": SIDE + 'return rows.merge(side, on="group", how="left")[["group", "amount", "weight"]]',
    "inner merge that keeps all": SIDE + 'return rows.merge(side, on="group")[["group", "amount", "weight"]]',
    "group-by transform": 'return rows[["group", "amount"]].assign(mean=rows.groupby("group")["amount"].transform("mean"))',
    "a lag": 'return rows[["group", "amount"]].assign(before=rows["amount"].shift(1))',
    "a lag in the order of time": (
        'ordered = rows.sort_values("at")\nreturn ordered[["group", "amount"]].assign(before=ordered["amount"].shift(1))'
    ),
    "categories": 'return rows[["group", "amount"]].astype({"group": "category"})',
    "nullable types": 'return rows[["group", "amount"]].astype({"group": "string", "amount": "Float64"})',
    "integers": 'return rows[["group", "amount"]].assign(whole=rows["amount"].astype("int32"))',
    "Arrow types": 'return rows[["group", "amount"]].convert_dtypes(dtype_backend="pyarrow")',
    "sparse numbers": 'return rows[["group", "amount"]].assign(few=pd.arrays.SparseArray(rows["amount"] > 3, dtype=float))',
    "an Arrow table": 'import pyarrow as pa\nreturn pa.Table.from_pandas(rows[["group", "amount"]], preserve_index=False)',
    "a frame of another library": (
        "import pyarrow as pa\n"
        "class Frame:\n"
        "    def __init__(self, table): self.table = table\n"
        "    columns = property(lambda self: self.table.column_names)\n"
        "    def __arrow_c_stream__(self, wanted=None): return self.table.__arrow_c_stream__(wanted)\n"
        'return Frame(pa.Table.from_pandas(rows[["group", "amount"]], preserve_index=False))'
    ),
}  # fmt: skip
REFUSED = {
    "sorted and numbered anew": f'return rows.sort_values("amount"){TWO}.reset_index(drop=True)',
    "sorted by text and numbered anew": f'return rows.sort_values("group"){TWO}.reset_index(drop=True)',
    "sampled and numbered anew": f"return rows.sample(frac=1, random_state=3){TWO}.reset_index(drop=True)",
    "reversed and numbered anew": f"return rows.iloc[::-1]{TWO}.reset_index(drop=True)",
    "sorted, as another index": f'return rows.sort_values("amount").set_index("id"){TWO}',
    "rows dropped": f'return rows[rows["group"] != "c"]{TWO}',
    "one row dropped": f"return rows.iloc[1:]{TWO}",
    "rows doubled": f"return pd.concat([rows, rows]){TWO}",
    "rows repeated in place of others": f"return pd.concat([rows.head(len(rows) // 2)] * 2, ignore_index=True){TWO}",
    "every second row repeated": f"return rows.iloc[np.arange(len(rows)) // 2 * 2]{TWO}.reset_index(drop=True)",
    "every second row repeated, with its index": f"return rows.iloc[np.arange(len(rows)) // 2 * 2]{TWO}",
    "other rows of the same index": f"return rows.head(len(rows) - 1){TWO}.reindex(range(len(rows) + 1))",
    "right merge": SIDE + 'return rows.merge(side, on="group", how="right")[["group", "amount", "weight"]]',
    "outer merge": SIDE + 'return rows.merge(side, on="group", how="outer")[["group", "amount", "weight"]]',
    "inner merge that drops": SIDE + 'return rows.merge(side.head(2), on="group")[["group", "amount", "weight"]]',
    "merge that doubles": SIDE + 'return rows.merge(pd.concat([side, side]), on="group")[["group", "amount", "weight"]]',
    "groups one after the other": f'return pd.concat([part for _, part in rows.groupby("group")], ignore_index=True){TWO}',
    "only the groups": 'return rows.groupby("group", as_index=False)["amount"].mean()',
    "no rows": f"return rows.iloc[:0]{TWO}",
    "nothing": "return None",
    "a number": "return 3",
    "a dictionary": 'return {"amount": rows["amount"].tolist()}',
    "a text": 'return "amount"',
    "columns twice": 'return rows[["group", "amount", "amount"]]',
    "a key of ours": 'return rows[["group", "amount"]].assign(gh_key="x")',
    "a label of ours": 'return rows[["group", "amount"]].assign(gh_label=1.0)',
    "an error": 'return rows[["group", "amounts"]]',
    "complex numbers": 'return rows[["group"]].assign(amount=rows["amount"] * 1j)',
    "intervals": 'return rows[["group"]].assign(amount=pd.cut(rows["amount"], 3).astype("interval"))',
    "durations": 'return rows[["group"]].assign(amount=pd.to_timedelta(rows["amount"], unit="s"))',
    "months": 'return rows[["group"]].assign(amount=rows["at"].dt.tz_convert(None).dt.to_period("M"))',
    "lists": 'return rows[["group"]].assign(amount=[[value] for value in rows["amount"]])',
    "numbers and texts": 'return rows[["group"]].assign(amount=[1, "a"] * (len(rows) // 2))',
}  # fmt: skip
NAMES = {
    "numbers": "[0, 1]",
    "tuples": '[("rows", "group"), ("rows", "amount")]',
    "None": '[None, "amount"]',
    "NumPy numbers": "np.array([3, 4])",
    "levels": 'pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")])',
    "moments": 'pd.to_datetime(["2024-01-01", "2024-01-02"])',
}


def folder_of(**parts: Any) -> Folder:
    """A folder of three months, whose rows have keys in no order and that asks for no training by itself."""
    folder = Folder(**{"keys": KEYS, "retrain": {"min_batches_first_training": 99}, **parts})
    order = np.random.default_rng(4).permutation(folder.size)

    def mix(_: str, delivery: Any) -> None:
        delivery.rows["at"] = delivery.rows["at"].to_numpy()[order]
        delivery.rows["id"] = delivery.rows["id"].to_numpy()[order]
        delivery.outcomes["id"] = delivery.outcomes["id"].to_numpy()[order]

    return folder.edit(mix)


def delivered_rows(folder: Folder) -> dict[float, str]:
    """The group of each row, by its amount."""
    frames = [folder.delivered[key].rows for key in KEYS[:2]]
    return {row["amount"]: row["group"] for frame in frames for row in frame.to_dict("records")}


@pytest.mark.parametrize("name", ALIGNED)
def test_what_the_index_or_the_order_proves_is_aligned(played: Play, name: str) -> None:
    """Each row keeps its own features and its own label, in whatever order and form the code returns them."""
    folder = folder_of(features=ALIGNED[name])
    play = played(folder)
    rows = play.training_rows()
    assert play.said().strip() == ""
    found = dict(zip(rows["amount"].tolist(), rows["gh_label"].tolist(), strict=True))
    assert same(found, joined([folder.delivered[key] for key in KEYS[:2]], folder.key)) == ""
    groups = delivered_rows(folder)
    assert all(row["group"] == groups[row["amount"]] for row in rows.to_dict("records"))


def test_a_column_of_another_kind_in_each_batch_is_refused_by_name(played: Play) -> None:
    """Numbers in one batch and texts in the next: one sentence names model.py, features() and the column."""
    kinds = 'first = rows["at"].iloc[0].month == 1\nreturn rows[["group", "amount"]].assign(odd=1.0 if first else "a")'
    play = played(folder_of(features=kinds, keys=(*KEYS, "2024-04")))
    assert play.labels() == {}
    for part in ("model.py", "features()", "'odd'", "texts"):
        assert part in play.said()
    assert play.tracebacks == []


@pytest.mark.parametrize("name", REFUSED)
def test_rows_that_cannot_be_matched_are_refused_by_name(played: Play, name: str) -> None:
    """One sentence names model.py and features(); no row gets another row's features or label."""
    play = played(folder_of(features=REFUSED[name]))
    assert play.labels() == {}
    said = play.said()
    assert "model.py" in said, said
    assert "features()" in said
    assert play.tracebacks == []


@pytest.mark.parametrize("encoded", [False])
@pytest.mark.parametrize("name", NAMES)
def test_columns_of_any_name_are_texts_or_refused(played: Play, name: str, encoded: bool) -> None:
    """Names that are no texts become texts, and a model is trained on them; or one sentence names model.py."""
    code = f'made = pd.DataFrame({{"a": (rows["group"] == "b").astype(float), "b": rows["amount"]}})\nmade.columns = {NAMES[name]}\nreturn made'
    folder = Folder(keys=(*KEYS, "2024-04"), features=code, encoded=encoded, slices="SLICES = ()")
    play = played(folder)
    assert play.tracebacks == []
    assert play.ctx.ledger.models.champion(play.ctx.name) is not None or "model.py" in play.said()


def test_an_array_of_features_is_aligned_by_its_order(played: Play) -> None:
    """A NumPy array has no index: in the order given it is taken, in another it is refused."""
    taken = Folder(
        keys=(*KEYS, "2024-04"), features='return rows[["amount"]].to_numpy()', encoded=False, slices="SLICES = ()"
    )
    play = played(taken)
    assert play.ctx.ledger.models.champion(play.ctx.name) is not None or "model.py" in play.said()
    assert play.tracebacks == []
    turned = played(
        folder_of(features='return np.sort(rows[["amount"]].to_numpy(), axis=0)', encoded=False, slices="SLICES = ()")
    )
    assert turned.training_rows().empty
    assert "features()" in turned.said()


def test_scores_belong_to_their_rows(played: Play) -> None:
    """The champion's score of each row is what its estimator says of that row, in whatever order features() came."""
    folder = folder_of(features=ALIGNED["sorted with its index"], keys=(*KEYS, "2024-04"), retrain={})
    play = played(folder)
    ctx = play.ctx
    champion = ctx.ledger.models.champion(ctx.name)
    assert champion is not None, play.said()
    (scored,) = [each for each in ctx.ledger.batches.predictions(ctx.name) if each.batch.key == "2024-04"]
    scores = ctx.lake.frame(scored.file).set_index("key")["score"]
    rows = folder.delivered["2024-04"].rows
    estimator = ctx.models.load(ctx.lake.read(champion.model.file), champion.model.file.sha256)
    wanted = ctx.models.predict(estimator, rows[["group", "amount"]], "classification")
    assert np.allclose(scores.loc[rows["id"]].to_numpy(), wanted)


TAKEN = {
    "as it is": 'return outcomes["label"]',
    "booleans": 'return outcomes["label"] == 1',
    "nullable booleans": 'return (outcomes["label"] == 1).astype("boolean")',
    "nullable integers": 'return outcomes["label"].astype("Int64")',
    "small integers": 'return outcomes["label"].astype("int8")',
    "NumPy": 'return outcomes["label"].to_numpy()',
    "NumPy booleans": 'return (outcomes["label"] == 1).to_numpy()',
    "a column of NumPy": 'return outcomes[["label"]].to_numpy()',
    "a list": 'return outcomes["label"].tolist()',
    "a frame of one column": 'return outcomes[["label"]]',
    "an Arrow array": 'import pyarrow as pa\nreturn pa.array(outcomes["label"])',
    "sorted with its index": 'return outcomes["label"].sort_values()',
    "sorted by key with its index": 'return outcomes.sort_values("id", ascending=False)["label"]',
    "categories": 'return outcomes["label"].astype("int64").astype("category")',
    "with zeros of both signs": 'return outcomes["label"] * -1.0 * -1.0',
}
WRONG = {
    "texts": ('return outcomes["label"].map({1.0: "yes", 0.0: "no"})', ("yes", "no")),
    "texts of numbers": ('return outcomes["label"].map({1.0: "late", 0.0: "1"})', ("late",)),
    "minus one and one": ('return outcomes["label"] * 2 - 1', ("-1",)),
    "one and two": ('return outcomes["label"] + 1', ("2",)),
    "halves": ('return outcomes["label"] / 2', ("0.5",)),
    "three classes": ('return outcomes["label"] + (outcomes["id"].str.endswith("7")) * 2', ("2", "3")),
    "dropped": ('return outcomes["label"][outcomes["label"] == 1]', ("120",)),
    "one dropped": ('return outcomes["label"].iloc[1:]', ("119", "120")),
    "doubled": ('return pd.concat([outcomes["label"], outcomes["label"]])', ("240", "120")),
    "sorted and numbered anew": ('return outcomes["label"].sort_values().reset_index(drop=True)', ()),
    "sorted by key and numbered anew": ('return outcomes.sort_values("id", ascending=False)["label"].to_numpy()', ()),
    "sorted in NumPy": ('return np.sort(outcomes["label"].to_numpy())', ()),
    "infinite": ('return outcomes["label"] * float("inf")', ("inf",)),
    "two columns": ('return outcomes[["label", "label"]]', ()),
    "nothing": ("return None", ()),
    "a number": ("return 1.0", ()),
    "the name": ('return "label"', ()),
    "moments": ('return pd.to_datetime(outcomes["label"], unit="s")', ()),
    "an error": ('return outcomes["labels"]', ("labels",)),
}


@pytest.mark.parametrize("name", TAKEN)
def test_labels_of_any_form_are_each_rows_own(played: Play, name: str) -> None:
    """Series, arrays, lists, one column, booleans and integers: each row has its own label."""
    folder = folder_of(target=TAKEN[name])
    play = played(folder)
    assert same(play.labels(), joined([folder.delivered[key] for key in KEYS[:2]], folder.key)) == "", play.said()
    assert play.said().strip() == ""


@pytest.mark.parametrize("name", WRONG)
def test_labels_that_are_none_are_refused_by_name(played: Play, name: str) -> None:
    """One sentence names model.py, target(), what was found and what is allowed; nothing is promoted."""
    code, found = WRONG[name]
    play = played(folder_of(target=code, retrain={}, keys=(*KEYS, "2024-04")))
    assert play.ctx.ledger.models.champion(play.ctx.name) is None
    said = play.said()
    assert "model.py" in said, said
    assert "target()" in said
    assert all(text in said for text in found), said
    assert play.tracebacks == []


@pytest.mark.parametrize("nothing", ["None", 'float("nan")', "pd.NA"])
def test_a_missing_label_is_no_label(played: Play, nothing: str) -> None:
    """Where target() says nothing about a row, it has no label; the others keep theirs."""
    code = f'made = outcomes["label"].astype("object")\nmade[outcomes["id"].str.endswith("5")] = {nothing}\nreturn made'
    folder = folder_of(target=code)
    for key in KEYS:
        delivery = folder.delivered[key]
        delivery.outcomes["label"] = delivery.outcomes["label"].mask(delivery.outcomes["id"].str.endswith("5"))
    play = played(folder)
    assert same(play.labels(), joined([folder.delivered[key] for key in KEYS[:2]], folder.key)) == "", play.said()


@pytest.mark.parametrize("kind", ["Decimal", "Fraction", "generator"])
def test_odd_labels_are_taken_or_refused(played: Play, kind: str) -> None:
    """Decimals, fractions and a generator: each row's own label, or a sentence that names model.py."""
    made = {
        "Decimal": "from decimal import Decimal\nreturn outcomes['label'].map(lambda value: Decimal(int(value)))",
        "Fraction": "from fractions import Fraction\nreturn outcomes['label'].map(lambda value: Fraction(int(value)))",
        "generator": "return (value for value in outcomes['label'])",
    }
    folder = folder_of(target=made[kind])
    play = played(folder)
    found = play.labels()
    assert play.tracebacks == []
    if found:
        assert same(found, joined([folder.delivered[key] for key in KEYS[:2]], folder.key)) == ""
    else:
        assert "model.py" in play.said()
