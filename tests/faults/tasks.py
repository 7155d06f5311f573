"""F3, F4 and F26 on real Airflow: the process of every task is killed at each of its boundaries, supervisors are killed or
stopped while their tasks live on, and no DAG wakes another one. What it comes to must be what it comes to without.
"""

from __future__ import annotations

import time
from typing import Any

from faults.live import Live, effects, left_over, live
from faults.proven import Asked, Proven
from gatehouse.stages.upkeep import FORGOTTEN_SECONDS

NAME = "killed"
BOUNDARIES = ("started", "entered", "committing", "returned")
STAGES = ("ingest", "watch", "retrain")
BEFORE = 4  # batches, after which there is a champion, and another training with each batch
TWICE = {  # tasks that go on beside a copy of their own: how they came to it
    "ingest.validate": "orphan",
    "watch.watch": "freeze",
    "retrain.fit": "orphan",
    "retrain.promote": "freeze",
}
HOW = ("frozen", "orphaned")  # as the log tells it
MONTHS = BEFORE + len(BOUNDARIES) + 1
LOST = 20  # batches whose wake-ups are lost
AGAIN_SECONDS, TIMEOUT_SECONDS, SWEEP_SECONDS, RUN_SECONDS = 15.0, 75.0, 600.0, 300.0
EDITS = {
    "retrain.yaml": {
        "  decay: {metric: log_loss, margin: 0.02}\n  calibration: {gap: 0.05}\ncooldown: 1": "  schedule: 1"
    },
    "gate.yaml": {"margin: 0.01": "margin: 5"},
}


def killed(asked: Asked) -> list[Proven]:
    """Both kinds of kill in one life, which must come to what the same life comes to on another stack without."""
    with live([NAME], MONTHS, EDITS, planted=True) as site:
        missing = [each for number in range(BEFORE) for each in _taken(site, number)]
        single = [each for at, boundary in enumerate(BOUNDARIES) for each in _deaths(site, BEFORE + at, boundary)]
        double = _twice(site, BEFORE + len(BOUNDARIES))
        found = effects(site.site(NAME))
        broken = [*missing, *site.broken(), *_red(site)]
    with live([NAME], MONTHS, EDITS) as quiet:
        broken += [each for number in range(MONTHS) for each in _taken(quiet, number)]
        expected = effects(quiet.site(NAME))
    broken += [
        f"{part}: without a fault {_only(expected[part], found[part])}, with {_only(found[part], expected[part])}"
        for part in expected
        if expected[part] != found[part]
    ]
    late = [f"{who} began again after {after:.1f} s" for who, after in single if after > AGAIN_SECONDS]
    worst = max((after for _, after in single), default=0.0)
    what = f"SIGKILL of {len({_task(who) for who, _ in single})} tasks' processes at {len(BOUNDARIES)} boundaries, real Airflow"
    bound = TIMEOUT_SECONDS + 30
    wrong = [f"{who}: {what}" for who, _, what in double if what]
    slow = [f"{who} began again after {after:.0f} s" for who, after, _ in double if after > bound]
    return [
        Proven("F3", what, len(single), (*broken, *late), worst),
        Proven(
            "F4",
            "a task's supervisor killed or stopped; the task goes on beside its copy and must be refused",
            len(double),
            (*wrong, *slow),
            max((after for _, after, _ in double), default=0.0),
        ),
        Proven("F5", "processes that outlive the stack", 1, left_over(site.running)),
    ]


def unheard(asked: Asked) -> list[Proven]:
    """No asset event comes through while twenty batches are taken at once: upkeep finds them all."""
    with live([NAME], LOST, planted=True) as site:
        (site.orders / "no-events").touch()
        started = time.monotonic()
        given = [(NAME, key) for key in site.keys(NAME)]
        for name, key in given:
            site.trigger(name, key)
        while len(site.site(NAME).ledger.batches.list(NAME)) < LOST or not _ended(site, "ingest"):
            assert time.monotonic() < started + SWEEP_SECONDS, "twenty batches were not taken within ten minutes"
            time.sleep(1)
        watched = len(site.site(NAME).ledger.batches.watches(NAME))
        (site.orders / "no-events").unlink()
        heard = time.monotonic()
        missing = site.settle(given)
        taken = time.monotonic() - heard
        broken = [*missing, *site.broken()]
    if taken > FORGOTTEN_SECONDS + SWEEP_SECONDS + RUN_SECONDS:
        broken.append(f"{taken:.0f} s until all were watched: ten minutes untried, ten to the next sweep, and the runs")
    if watched:
        broken.append(f"{watched} batches were watched although nobody was woken")
    what = f"{LOST} batches at once, no event comes through: all watched {taken:.0f} s after the last was taken"
    return [Proven("F26", what, LOST, tuple(broken), taken)]


def _taken(site: Live, number: int) -> list[str]:
    """Trigger one of the batches and wait for all that comes of it; what did not come."""
    key = site.keys(NAME)[number]
    site.trigger(NAME, key)
    missing = site.settle([(NAME, key)])
    deadline = time.monotonic() + SWEEP_SECONDS
    while not all(_ended(site, stage) for stage in STAGES):
        assert time.monotonic() < deadline, f"runs have not ended {SWEEP_SECONDS:g} s after {key} was settled"
        time.sleep(1)
    return missing


def _deaths(site: Live, number: int, boundary: str) -> list[tuple[str, float]]:
    """One batch's way to a decision, on which every task dies once at the boundary; each with the seconds until it began
    again."""
    before = len(_told(site, "dies"))
    for task in site.tasks(NAME, STAGES):
        _order(site, task, boundary, "die")
    missing = _taken(site, number)
    assert not missing, f"{missing} after deaths at {boundary!r}"
    _withdraw(site)
    return [(f"{task} at {boundary}", _again(site, task, at)) for task, at in _told(site, "dies")[before:]]


def _twice(site: Live, number: int) -> list[tuple[str, float, str]]:
    """One batch's way on which the supervisors of some tasks are killed or stopped once these have begun, and copies are
    started: seconds until the copy began, and what is wrong about how the first one ended."""
    for task, how in TWICE.items():
        _order(site, f"{NAME}__{task}", "entered", how)
    missing = _taken(site, number)
    assert not missing, f"{missing} after supervisors were killed and stopped"
    _withdraw(site)
    found = [(task, at, why) for why in HOW for task, at in _told(site, why)]
    return [(f"{task} {why}", _again(site, task, at), _went_on(site, task, at, why)) for task, at, why in found]


def _went_on(site: Live, task: str, since: float, why: str) -> str:
    """What is wrong about the first one after its copy ended: it wakes and may find all done, or be refused; it commits
    nothing."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        mine = [pid for at, pid, name, what in _log(site) if (at, name, what) == (since, task, why)]
        after = [what for at, pid, _, what in _log(site) if pid in mine and at > since and what != "wakes"]
        if after:
            return "" if "commits" not in after else f"it went on: {after}"
        time.sleep(0.5)
    return "it was never heard of again"


def _order(site: Live, task: str, boundary: str, what: str) -> None:
    (site.orders / f"{task}.{boundary}").write_text(what, encoding="utf-8")


def _withdraw(site: Live) -> None:
    """Take back what nobody came to carry out: not every task has every boundary."""
    for order in site.orders.glob(f"{NAME}__*"):
        order.unlink()


def _log(site: Live) -> list[tuple[float, str, str, str]]:
    path = site.orders / "log"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    split = [line.split(" ", 3) for line in lines]
    return [(float(at), pid, task, what) for at, pid, task, what in split]


def _told(site: Live, what: str) -> list[tuple[str, float]]:
    return [(task, at) for at, _, task, told in _log(site) if told == what]


def _again(site: Live, task: str, since: float) -> float:
    """Seconds from a moment until the task began the next time."""
    later = [at - since for at, _, name, what in _log(site) if name == task and what == "started" and at > since]
    return min(later, default=float("inf"))


def _ended(site: Live, stage: str) -> bool:
    return all(each["state"] in ("success", "failed") for each in site.runs(NAME, stage))


def _red(site: Live) -> list[str]:
    """Runs that failed: a killed task is tried again, and nobody is to clear it."""
    return [
        f"the run {each['dag_run_id']} of {stage} is {each['state']}"
        for stage in STAGES
        for each in site.runs(NAME, stage)
        if each["state"] != "success"
    ]


def _only(one: Any, other: Any) -> str:
    """What is in the one and not in the other, shortly."""
    if isinstance(one, list) and isinstance(other, list):
        return f"{[each for each in one if each not in other][:2]!r:.400}"
    return f"{one!r:.400}"


def _task(who: str) -> str:
    return who.split(" at ")[0]
