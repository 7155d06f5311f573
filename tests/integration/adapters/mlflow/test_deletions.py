"""Whatever is deleted in MLflow, each operation of Gatehouse goes through, and MLflow is whole again after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from gatehouse.adapters.mlflow import MlflowTracking, mlflow_tracking
from gatehouse.core.audit.canonical_json import sha256
from gatehouse.core.types import FileRef, ModelVersion
from gatehouse.ports import BatchLog, CandidateRun, Registration
from integration.adapters.mlflow.mlflow_server import FOLDERS, uri  # noqa: F401 - a fixture
from integration.adapters.mlflow.test_tracking import DECISION, FILE, FIT, JUDGED, SET
from support.deletions import DELETIONS, Person

DATA = b"the bytes of a model"
NAMES = count()
TOLD = BatchLog("mark", "<html>batch</html>", {"gatehouse.state": "accepted"}, {"rows": 3.0}, {}, FILE)


@dataclass
class World:
    """A use case in MLflow: a candidate, its version and decision, the alias champion, and a batch."""

    tracking: MlflowTracking
    name: str
    run_id: str = ""

    @property
    def run(self) -> CandidateRun:
        return CandidateRun(self.name, "request-1", "plain", self.run_id)

    def log_candidate(self) -> None:
        self.run_id = self.run_id or self.tracking.log_candidate(self.run, FIT, SET)
        self.tracking.log_candidate(self.run, FIT, SET)

    def flag(self) -> None:
        self.tracking.flag(self.run, {"gatehouse.flag": "challenger"})

    def register(self) -> None:
        file, moment = FileRef("m", sha256(DATA), len(DATA)), datetime(2024, 1, 1, tzinfo=UTC)
        model = ModelVersion(self.name, 7, "plain", file, FILE, SET.sha256, "request-1", self.run_id, moment)
        self.tracking.register(model, Registration(DATA, ["scikit-learn"], "in plain words", "classification"))

    def decided(self) -> None:
        tags = {"gatehouse.decision": DECISION.id}
        self.tracking.decided(replace(DECISION, use_case=self.name), replace(JUDGED, run=self.run, tags=tags))

    def mirror(self) -> None:
        self.tracking.mirror(self.name, 7, None, {0: "the model", 7: "the version"})

    def log_batch(self) -> None:
        self.tracking.log_batch(self.name, "2024-01.r1", TOLD)

    def read(self) -> None:
        self.tracking.held(self.name, {7})
        assert self.tracking.model_bytes(self.name, 7) in (DATA, None)
        assert self.tracking.champion_alias(self.name) in (7, -1, None)

    def tell(self) -> None:
        """Everything that the ledger has, as maintenance tells it."""
        for operation in (self.log_candidate, self.flag, self.register, self.decided, self.mirror, self.log_batch):
            operation()

    def check(self) -> None:
        """MLflow has everything, once."""
        held = self.tracking.held(self.name, {7})
        assert held.candidates == {("request-1", "plain"): "challenger"}
        assert held.decisions == {7: DECISION.id}
        assert held.batches == {"2024-01.r1": "mark"}
        assert held.aliases == {"champion": 7}
        assert self.tracking.champion_alias(self.name) == 7
        assert self.tracking.model_bytes(self.name, 7) == DATA
        person = Person(self.tracking.uri, self.name)
        assert (len(person.runs()), len(person.runs("/batches"))) == (1, 1)
        stages = {person.client.get_experiment(person.experiment(name)).lifecycle_stage for name in ("", "/batches")}
        assert stages == {"active"}
        assert {file.path for file in person.client.list_artifacts(person.runs()[0])} >= {"decision.html", "model"}
        words = person.version().description, person.client.get_registered_model(self.name).description
        assert words == ("the version", "the model")


OPERATIONS: dict[str, Callable[[World], None]] = {
    operation.__name__: operation
    for operation in (
        World.log_candidate,
        World.flag,
        World.register,
        World.decided,
        World.mirror,
        World.log_batch,
        World.read,
    )
}


@pytest.fixture(scope="module")
def small_models() -> Iterator[None]:
    """Model folders as small as can be: tests/integration/adapters/mlflow/test_tracking.py has real ones."""

    def write(path: Path, registered: Registration) -> None:
        path.mkdir()
        (path / "model.skops").write_bytes(registered.data)
        (path / "MLmodel").write_text("flavors: {}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mlflow_tracking, "write_model_folder", write)
        yield


@pytest.fixture(scope="module")
def tracking(small_models: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowTracking]:
    """The adapter over MLflow's own store, without the way through its server."""
    folder = tmp_path_factory.mktemp("store")
    address = f"sqlite:///{folder}/mlflow.db"
    FOLDERS[address] = folder
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        (folder / "artifacts").symlink_to(folder / "mlruns")
        yield MlflowTracking(address)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("deletion", DELETIONS)
def test_each_operation_survives_each_deletion(tracking: MlflowTracking, deletion: str, operation: str) -> None:
    """After any deletion any operation goes through; once everything is told again, MLflow has it all, and once."""
    world = World(tracking, f"rides{next(NAMES)}")
    world.tell()
    DELETIONS[deletion](Person(tracking.uri, world.name))
    OPERATIONS[operation](world)
    world.tell()
    world.check()


@pytest.mark.parametrize("deletion", DELETIONS)
def test_each_deletion_is_mended_through_a_server(small_models: None, uri: str, deletion: str) -> None:
    """What a client over HTTP sees of the same deletions: the answers of a server, its error codes and its artefacts."""
    world = World(MlflowTracking(uri), f"rides{next(NAMES)}")
    world.tell()
    DELETIONS[deletion](Person(uri, world.name))
    for operation in OPERATIONS.values():
        operation(world)
    world.tell()
    world.check()


RESTORED = {
    "experiment deleted": ["experiment gatehouse/{} was deleted in MLflow; it is restored with its runs"],
    "experiment of batches deleted": [
        "experiment gatehouse/{}/batches was deleted in MLflow; it is restored with its runs"
    ],
    "run deleted": ["run plain request- of experiment gatehouse/{} was deleted in MLflow; it is restored"],
    "run of a batch deleted": [
        "run 2024-01.r1 of experiment gatehouse/{}/batches was deleted in MLflow; it is restored"
    ],
    "version's tags deleted": ["MLflow's version 1 of {} had lost its tags; they are set again"],
    "alias moved": [],
}


@pytest.mark.parametrize("deletion", RESTORED)
def test_what_was_restored_is_said_once(tracking: MlflowTracking, deletion: str) -> None:
    """The one who listens hears a sentence for each thing that was deleted and is back, and none when told once more."""
    sentences: list[str] = []
    world = World(MlflowTracking(tracking.uri, sentences.append), f"rides{next(NAMES)}")
    world.tell()
    assert sentences == []
    DELETIONS[deletion](Person(tracking.uri, world.name))
    world.tell()
    world.tell()
    assert sentences == [sentence.format(world.name) for sentence in RESTORED[deletion]]


def test_a_version_whose_run_is_gone_is_replaced_by_a_new_one(tracking: MlflowTracking) -> None:
    """MLflow counts on: the ledger's version is MLflow's second one then, which the alias points at, and the first one
    says what replaced it."""
    world = World(tracking, f"rides{next(NAMES)}")
    world.tell()
    person = Person(tracking.uri, world.name)
    DELETIONS["run deleted for good"](person)
    world.tell()
    world.check()
    assert str(person.version().version) == "2"
    assert person.client.get_model_version(world.name, "1").tags["gatehouse.version"] == "replaced by 2"
