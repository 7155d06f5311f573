"""A use case's code in a process of its own: the same results, no rights, and nothing that it does reaches the task."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from gatehouse.adapters.code_process.confine import version
from gatehouse.adapters.code_process.heartbeat import heartbeat
from gatehouse.adapters.code_process.models import ModelsElsewhere
from gatehouse.adapters.code_process.process import MOST_ENDS, Limits
from gatehouse.adapters.code_process.remote_code import Handle, RemoteCode
from gatehouse.adapters.models import SkopsModels
from gatehouse.core.audit.canonical_json import sha256
from gatehouse.errors import ModelError, RowsMisalignedError
from gatehouse.own_code import module_name
from gatehouse.settings import ROOT
from gatehouse.use_case import UseCase, load
from gatehouse.use_case_code import features_of, labels_of, weights_of

TEMPLATE = ROOT / "include" / "gatehouse" / "cli" / "template"
ROWS = pd.DataFrame(
    {
        "id": [f"r{number}" for number in range(60)],
        "at": pd.date_range("2024-01-01", periods=60, freq="h", tz="UTC"),
        "group": pd.Series([None, "a", "b"] * 20, dtype="str"),
        "amount": np.linspace(0.0, 1.0, 60),
    }
)
OUTCOMES = pd.DataFrame({"id": ROWS["id"], "label": [0.0, 1.0] * 30})
LABELS = OUTCOMES["label"].to_numpy()
EVER = Limits(call_seconds=600, fit_seconds=600)

Opened = Callable[..., UseCase]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Opens the template as a use case whose code runs elsewhere; `more` is what its `features()` does first."""
    made: list[RemoteCode] = []

    def opened(more: str = "", after: str = "", limits: Limits = EVER) -> UseCase:
        folder = tmp_path / "rides"
        shutil.copytree(TEMPLATE, folder, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("contract.yaml", "gate.yaml"):
            text = (folder / name).read_text().replace("use_case: template", "use_case: rides")
            (folder / name).write_text(text)
        model = (folder / "model.py").read_text()
        first = textwrap.indent(textwrap.dedent(more), "    ")
        model = model.replace('    return tables["rows"]', f'{first}\n    return tables["rows"]')
        (folder / "model.py").write_text(f"{model}\n{textwrap.dedent(after)}")
        made.append(RemoteCode(folder, limits))
        return replace(load(folder), process=made[-1])

    yield opened
    for code in made:
        code.process.close()


def test_what_comes_back_is_what_the_code_gives_here(opened: Opened) -> None:
    """Features, labels, names and metrics equal those of the same code in this process, types and index included, and
    `model.py` is imported there alone."""
    twice = "METRICS = {'twice': lambda labels, predictions, weights: 2 * abs(labels - predictions)}\n"
    case = opened(after=f"{twice}\ndef weights(tables):\n    return tables['rows']['amount']\n")
    features, labels = features_of(case, {"rows": ROWS}), labels_of(case, OUTCOMES)
    assert case.has_weights
    pd.testing.assert_series_equal(weights_of(case, {"rows": ROWS}), ROWS["amount"], check_names=False)
    assert case.slices == ("group",)
    assert case.own_metrics == ("rides.twice",)
    assert module_name(case.model_file) not in sys.modules
    here = replace(case, process=None)
    pd.testing.assert_frame_equal(features, features_of(here, {"rows": ROWS}))
    pd.testing.assert_series_equal(labels, labels_of(here, OUTCOMES))
    ours = here.model.METRICS["twice"](LABELS, LABELS / 2, LABELS)  # type: ignore[attr-defined]
    assert (case.model.METRICS["twice"](LABELS, LABELS / 2, LABELS) == ours).all()  # type: ignore[attr-defined]


def test_an_estimator_is_fitted_there_as_it_is_here(opened: Opened) -> None:
    """A fit elsewhere gives the very bytes that a fit here gives; the file, which holds no own code, is opened here."""
    case = opened()
    assert isinstance(case.process, RemoteCode)
    features = features_of(case, {"rows": ROWS})
    there, here = ModelsElsewhere(case.process, "", case.model_trust), SkopsModels(trust=case.model_trust)
    weights = LABELS + 0.5
    made = there.fit("logistic", case.estimators()["logistic"], features, LABELS, weights)
    own = here.fit("logistic", replace(case, process=None).estimators()["logistic"], features, LABELS, weights)
    data = there.dump(made)
    assert data == here.dump(own)
    assert there.parameters(made) == here.parameters(own)
    loaded = there.load(data, sha256(data))
    assert not isinstance(loaded, Handle)
    expected = here.predict(own, features, "classification")
    for model in (made, loaded):
        assert (there.predict(model, features, "classification") == expected).all()


def test_probabilities_of_more_classes_come_back_by_class(opened: Opened) -> None:
    """Predictions of three classes keep their shape, and a class that training lacked is 0 in its place."""
    case = opened()
    assert isinstance(case.process, RemoteCode)
    features, labels = features_of(case, {"rows": ROWS}), np.array([0.0, 2.0, 3.0] * 20)
    there, here = ModelsElsewhere(case.process, "", case.model_trust, 4), SkopsModels(classes=4)
    made = there.fit("logistic", case.estimators()["logistic"], features, labels)
    found = there.predict(there.load(there.dump(made), sha256(there.dump(made))), features, "multiclass")
    own = here.fit("logistic", replace(case, process=None).estimators()["logistic"], features, labels)
    assert found.shape == (60, 4)
    assert (found[:, 1] == 0).all()
    assert np.array_equal(found, here.predict(own, features, "multiclass"))


def test_a_model_with_own_code_is_opened_in_a_process_of_its_own(opened: Opened) -> None:
    """Its predictions come from a process that has not run `model.py` of today, nor any other model."""
    own = """
        from sklearn.base import BaseEstimator, ClassifierMixin

        class Constant(ClassifierMixin, BaseEstimator):
            def fit(self, X, y):
                self.classes_ = [0.0, 1.0]
                return self

            def predict_proba(self, X):
                import numpy as np, sys
                assert not any(name.startswith("gatehouse_usecase_") for name in sys.modules) or not hasattr(self, "loaded")
                return np.full((len(X), 2), 0.5)

        def estimators(seed):
            return {"own": Constant()}
        """
    case = opened(after=own)
    assert isinstance(case.process, RemoteCode)
    features = features_of(case, {"rows": ROWS})
    models = ModelsElsewhere(case.process, "", case.model_trust)
    data = models.dump(models.fit("own", case.estimators()["own"], features, LABELS))
    loaded = models.load(data, sha256(data))
    assert isinstance(loaded, Handle)
    assert loaded.process is not case.process.process
    assert (models.predict(loaded, features, "classification") == 0.5).all()
    assert not any(name.startswith("gatehouse_code_") for name in sys.modules)
    with pytest.raises(ModelError, match="sha256"):
        models.load(data, "0" * 64)


def test_the_code_has_no_credentials(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither its environment nor an open file of its process has what the task has, and the ledger cannot be opened."""
    for name in (
        "GATEHOUSE_LEDGER_URL",
        "MLFLOW_TRACKING_PASSWORD",
        "AIRFLOW__CORE__FERNET_KEY",
        "AWS_SECRET_ACCESS_KEY",
    ):
        monkeypatch.setenv(name, "canary-5c1d")
    looked = """
        import os
        from gatehouse.settings import Settings
        paths = [f"/proc/self/fd/{fd}" for fd in range(3, 200)]
        opened = [os.readlink(path) for path in paths if os.path.lexists(path)]
        environment = [name for name, value in os.environ.items() if "canary" in value]
        try:
            ledger = Settings.from_environment().require("ledger_url")
        except Exception as error:
            ledger = str(error)
        raise ValueError(f"{environment} {sorted(each.split(':')[0] for each in opened)} {ledger}")
        """
    with pytest.raises(ModelError, match=r"features\(\) raised ValueError: \[\]") as raised:
        features_of(opened(looked), {"rows": ROWS})
    assert "['pipe', 'socket']" in str(raised.value)
    assert "GATEHOUSE_LEDGER_URL is not set" in str(raised.value)
    assert "canary" not in str(raised.value)


@pytest.mark.skipif(not version(), reason="this system has no Landlock")
@pytest.mark.parametrize(
    "touch",
    [
        'open(f"/proc/{os.getppid()}/environ", "rb").read()',
        'open(f"/proc/{os.getppid()}/mem", "rb")',
        'open(pathlib.Path(__file__).parents[1] / "secret").read()',
        'open(pathlib.Path(__file__).parents[1] / "made", "w")',
        'open(__file__, "a")',
        "os.kill(os.getppid(), 15)",
    ],
)
def test_the_code_touches_only_what_is_its_own(opened: Opened, tmp_path: Path, touch: str) -> None:
    """The task's memory and environment, files beside its folder, and its own files for writing are refused; signals too."""
    (tmp_path / "secret").write_text("canary-77aa")
    with pytest.raises(ModelError, match="PermissionError"):
        features_of(opened(f"import os, pathlib\n{touch}"), {"rows": ROWS})
    assert not (tmp_path / "made").exists()


ENDINGS = {
    "raise KeyError('amount')": r"model.py:\d+: features\(\) raised KeyError: 'amount'",
    "import sys; sys.exit(0)": r"features\(\) raised SystemExit: 0",
    "raise KeyboardInterrupt": "raised KeyboardInterrupt",
    "import os; os._exit(0)": r"features\(\) ended its process; found exit code 0",
    "import os, sys; print('why', file=sys.stderr); os._exit(3)": r"ended its process; found exit code 3: why",
    "import os, signal; os.kill(os.getpid(), signal.SIGKILL)": "found signal 9",
    "import os; os.closerange(3, 100)": "ended its process",
    "import os; [os.write(fd, bytes(100)) for fd in range(3, 40) if os.path.exists(f'/proc/self/fd/{fd}')]": "gave no answer",
    "return 7": "something else than asked for; found builtins.int",
    "return tables['rows'].head(3)": "it returned 3 rows for 60 rows given",
    "import pandas as pd; return pd.DataFrame({'x': [object()] * len(tables['rows'])})": "found column 'x'",
    "x = bytearray(10**15)": "raised MemoryError",
}


@pytest.mark.parametrize("does", ENDINGS)
def test_whatever_the_code_does_is_one_named_error(opened: Opened, does: str) -> None:
    """Raising, exiting, dying and answering nonsense are errors of the data scientist's file, and the task goes on."""
    with pytest.raises((ModelError, RowsMisalignedError), match=ENDINGS[does]) as raised:
        features_of(opened(does), {"rows": ROWS})
    assert "model.py" in str(raised.value)
    assert "data scientist" in str(raised.value)


@pytest.mark.parametrize(
    "does",
    [
        "print('x' * 10_000_000)",
        "import sys; sys.stdout.write('line\\n' * 5000)",
        "import os; os.closerange(1, 3)",
        "import os; os.fork()",
        "import os, time; os.fork() or time.sleep(1000)",
        "import subprocess; subprocess.Popen(['sleep', '1000'])",
        "import sys; sys.stdout = sys.stderr = None",
        "import threading, time; threading.Thread(target=time.sleep, args=(1000,)).start()",
    ],
)
def test_what_does_no_harm_changes_nothing(opened: Opened, does: str) -> None:
    """Printing, forking, threads and other programs change no result, and no process is left when the code's ends."""
    case = opened(does)
    assert isinstance(case.process, RemoteCode)
    assert len(features_of(case, {"rows": ROWS})) == len(ROWS)
    leader = case.process.process.pid
    assert leader is not None
    case.process.process.close()
    left = [each for each in psutil.process_iter() if _session(each.pid) == leader and each.status() != "zombie"]
    _, alive = psutil.wait_procs(left, timeout=30)  # who was killed takes a moment to be gone
    assert alive == []


def _session(process: int) -> int:
    try:
        return os.getsid(process)
    except OSError:
        return -1


@pytest.mark.parametrize("where", ["features", "import"])
def test_code_that_hangs_is_ended_at_its_limit(opened: Opened, where: str) -> None:
    """Sleeping for ever, in a function or while it is imported, is ended and named; the limit is that of the YAML."""
    sleeps = "import time; time.sleep(100_000)"
    case = opened(*((sleeps, "") if where == "features" else ("", sleeps)), limits=Limits(1.0, 1.0))
    started = time.monotonic()
    with pytest.raises(ModelError, match=r"did not come to its end; found more than 1 s.*limits"):
        features_of(case, {"rows": ROWS})
    assert time.monotonic() - started < 1000


def test_a_long_fit_says_that_it_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    """While a call lasts, the log has its time and the memory of its process; after it there is no further line."""
    with caplog.at_level("INFO"), heartbeat("rides: estimator 'boosting': fit", os.getpid(), every=0.01):
        time.sleep(0.2)
    told = len(caplog.messages)
    assert "rides: estimator 'boosting': fit has run for 0 s" in caplog.messages[0]
    assert ("MiB" in caplog.messages[0]) == (sys.platform == "linux")
    time.sleep(0.05)
    assert len(caplog.messages) == told


def test_code_that_always_ends_its_process_is_not_asked_for_ever(opened: Opened) -> None:
    """After a few ends the process is not started again: code that hangs in each of a thousand calls is ended so often."""
    case = opened("import os; os._exit(1)")
    for _ in range(MOST_ENDS):
        with pytest.raises(ModelError, match="ended its process"):
            features_of(case, {"rows": ROWS})
    with pytest.raises(ModelError, match="is not asked again"):
        features_of(case, {"rows": ROWS})


def test_an_estimator_of_a_process_that_ended_is_named(opened: Opened) -> None:
    """A handle outlives its process as a named error, never as another estimator with the same number."""
    case = opened()
    assert isinstance(case.process, RemoteCode)
    models, features = ModelsElsewhere(case.process, "", case.model_trust), features_of(case, {"rows": ROWS})
    made = models.fit("logistic", case.estimators()["logistic"], features, LABELS)
    case.process.process.close()
    case.estimators()
    with pytest.raises(ModelError, match="the process that held logistic has ended"):
        models.predict(made, features, "classification")


KILLED = """
import os, sys
from pathlib import Path
from gatehouse.adapters.code_process.process import Limits
from gatehouse.adapters.code_process.remote_code import RemoteCode
code = RemoteCode(Path(sys.argv[1]), Limits(600, 600))
code.estimators(0)
print(code.process.pid, flush=True)
os.kill(os.getpid(), 9)
"""


def test_the_process_ends_with_its_task_however_that_ends(opened: Opened, tmp_path: Path) -> None:
    """A task that is killed leaves no process of the code behind, though the code was in the middle of something, and no
    file in its temporary folder."""
    folder = opened(after="import threading, time; threading.Thread(target=time.sleep, args=(100_000,)).start()").folder
    own = tmp_path / "temporary"
    own.mkdir()
    environment = {**os.environ, "TMPDIR": str(own), "PYTHONPATH": str(ROOT / "include")}
    task = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder)], env=environment, capture_output=True, text=True, check=False
    )
    assert task.returncode == -9, task.stderr
    leader = int(task.stdout)
    while any(_session(each) == leader for each in psutil.pids()):
        time.sleep(0.05)
    assert [path for folder in own.iterdir() for path in folder.iterdir()] == []
