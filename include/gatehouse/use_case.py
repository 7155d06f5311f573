"""A use case is a folder with one file per role. Reading it checks all five; the model code is imported only on demand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from gatehouse.core.config.contract import Contract
from gatehouse.core.config.gate import GatePolicy
from gatehouse.core.config.gate_for_task import policy_problems
from gatehouse.core.config.retrain import RetrainPolicy
from gatehouse.core.statistics.custom_metrics import register
from gatehouse.errors import ConfigurationError, ModelError, UnknownUseCaseError
from gatehouse.model_code import ModelCode, estimators_of, has_weights, load_model_code, place_of, slices_of
from gatehouse.own_code import OwnCode, own_code
from gatehouse.ports import CodeProcess, ModelTrust
from gatehouse.settings import Settings
from gatehouse.use_case_checks import gate_problems, retrain_problems, schedule_problems
from gatehouse.yaml_loader import read_spec

FILES = ("contract.yaml", "model.py", "retrain.yaml", "gate.yaml", "RUNBOOK.md")
M = TypeVar("M", bound=BaseModel)
OWNERS = {"contract.yaml": "data engineer", "retrain.yaml": "data scientist", "gate.yaml": "risk owner"}


@dataclass(frozen=True)
class UseCase:
    """One decision that a model serves, read from its folder."""

    name: str
    folder: Path
    contract: Contract
    retrain: RetrainPolicy
    gate: GatePolicy
    process: CodeProcess | None = None  # where its code runs; None is this process

    @property
    def model_file(self) -> Path:
        """Where the data scientist's code is."""
        return self.folder / "model.py"

    @cached_property
    def model(self) -> ModelCode:
        """The data scientist's code. Whatever importing it raises is a ModelError that names the file. Its own metrics
        are known under `use_case.metric` from then on."""
        code = load_model_code(self.model_file) if self.process is None else self.process.model()
        own = getattr(code, "METRICS", {})
        if not isinstance(own, Mapping):
            raise ModelError(
                "METRICS holds no metrics by name",
                where=place_of(self.model_file, "METRICS"),
                found=f"a {type(own).__name__}",
                allowed="a dictionary of names to functions of (labels, predictions, weights)",
                owner="data scientist",
            )
        register({f"{self.name}.{name}": function for name, function in own.items()})
        return code

    @cached_property
    def own_metrics(self) -> tuple[str, ...]:
        """The full names of the metrics in METRICS of `model.py`: `flight_delays.cost`."""
        return tuple(f"{self.name}.{name}" for name in getattr(self.model, "METRICS", {}))

    @cached_property
    def slices(self) -> tuple[str, ...]:
        """The feature columns that rules judge group by group; none where `model.py` has no SLICES."""
        return slices_of(self.model, self.model_file)

    @cached_property
    def has_weights(self) -> bool:
        """Whether `model.py` gives each row a weight: it has a function weights()."""
        return has_weights(self.model, self.model_file)

    def estimators(self, seed: int | None = None) -> dict[str, Any]:
        """Fresh, unfitted estimators by name, made with the seed of `retrain.yaml` unless another one is given."""
        return estimators_of(self.model, self.model_file, self.retrain.seed if seed is None else seed)

    @cached_property
    def own_code(self) -> OwnCode:
        """The source of `model.py` and of what it imports from its folder."""
        return own_code(self.model_file)

    @property
    def code_sha256(self) -> str:
        """The hash of that source: part of what a model was made from."""
        return self.own_code.sha256

    @property
    def model_trust(self) -> ModelTrust:
        """Which types a model file may hold, and how large it may be."""
        return ModelTrust(self.gate.trusted_types, self.gate.max_model_mib * 2**20, self.own_code)


@dataclass(frozen=True)
class Reading:
    """What was read of a use-case folder: None for each file that cannot be read, and everything that is wrong."""

    folder: Path
    contract: Contract | None
    retrain: RetrainPolicy | None
    gate: GatePolicy | None
    problems: tuple[ConfigurationError, ...]

    @property
    def case(self) -> UseCase | None:
        """The use case, where its three YAML files can be read."""
        if self.contract is None or self.retrain is None or self.gate is None:
            return None
        return UseCase(self.folder.name, self.folder, self.contract, self.retrain, self.gate)


def load(folder: Path) -> UseCase:
    """Read and check a use-case folder; raises the first problem."""
    reading = read(folder)
    for problem in reading.problems:
        raise problem
    assert reading.case is not None  # a file that cannot be read is a problem
    return reading.case


def read(folder: Path) -> Reading:
    """Read a use-case folder and find everything that is wrong with its files, without running `model.py`."""
    problems: list[ConfigurationError] = []
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        problems.append(_incomplete(folder, missing))
    contract = _spec(folder / "contract.yaml", Contract, problems)
    retrain = _spec(folder / "retrain.yaml", RetrainPolicy, problems)
    gate = _spec(folder / "gate.yaml", GatePolicy, problems)
    if contract is not None and contract.use_case != folder.name:
        problems.append(_misnamed(folder, contract))
    if contract is not None:
        problems += schedule_problems(contract, folder)
    if retrain is not None:
        problems += retrain_problems(retrain, folder)
    if gate is not None:
        task, classes = (retrain.task, retrain.class_names) if retrain is not None else (None, ())
        problems += policy_problems(gate, task, str(folder / "gate.yaml"), classes) if task is not None else ()
        problems += gate_problems(gate, folder)
    return Reading(folder, contract, retrain, gate, tuple(problems))


def _spec(path: Path, model: type[M], problems: list[ConfigurationError]) -> M | None:
    try:
        return read_spec(path, model, OWNERS[path.name]) if path.is_file() else None
    except ConfigurationError as error:
        problems.append(error)
        return None


def _incomplete(folder: Path, missing: list[str]) -> ConfigurationError:
    return ConfigurationError(
        "a use case needs all of its five files",
        where=str(folder),
        found=f"no {', '.join(missing)}",
        allowed=", ".join(FILES),
    )


def _misnamed(folder: Path, contract: Contract) -> ConfigurationError:
    return ConfigurationError(
        "use_case must be the folder's name",
        where=f"{folder / 'contract.yaml'}: use_case",
        found=repr(contract.use_case),
        allowed=repr(folder.name),
        owner=OWNERS["contract.yaml"],
    )


def folders(roots: Iterable[Path]) -> list[Path]:
    """The use-case folders under the given roots, by name; names that begin with `_` or `.` are not use cases."""
    found = [
        entry
        for root in roots
        if root.is_dir()
        for entry in root.iterdir()
        if entry.is_dir() and entry.name[0] not in "._" and (entry / "contract.yaml").is_file()
    ]
    return sorted(found, key=lambda folder: folder.name)


def find(name_or_path: str, settings: Settings) -> UseCase:
    """Read the use case of that name, or in that folder wherever it is."""
    return load(find_folder(name_or_path, settings))


def find_folder(name_or_path: str, settings: Settings) -> Path:
    """The folder of the use case of that name, or that folder."""
    path = Path(name_or_path)
    if path.is_dir() and (path / "contract.yaml").is_file():
        return path.resolve()
    known = {folder.name: folder for folder in folders(settings.usecases)}
    if name_or_path not in known:
        raise UnknownUseCaseError(
            "no such use case",
            found=repr(name_or_path),
            allowed=", ".join(known) or "none is installed; GATEHOUSE_USECASES names the folders that hold them",
            owner="caller",
        )
    return known[name_or_path]


def readable(roots: Iterable[Path]) -> dict[str, UseCase]:
    """The use cases under the given roots, by name, without those whose files cannot be read."""
    cases = {}
    for folder in folders(roots):
        with suppress(ConfigurationError):
            cases[folder.name] = load(folder)
    return cases
