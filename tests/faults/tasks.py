"""F3, F4 and F26 on real Airflow: the process of every task is killed at each of its boundaries, supervisors are killed or
stopped while their tasks live on, and no DAG wakes another one. What it comes to must be what it comes to without.
"""

from __future__ import annotations

import time

from faults.cases import Edits
from faults.effects import differences, effects
from faults.live import Live, left_over, live
from faults.orders import PLANTED, Orders, Told
from faults.proven import Asked, Proven

NAME = "killed"
BOUNDARIES = ("started", "entered", "committing", "returned")
STAGES = ("ingest", "monitor", "retrain")
BEFORE = 4  # batches, after which there is a champion, and another training with each batch
TWICE = {  # tasks that go on beside a copy of their own: how they come to it
    "ingest.validate": "orphan",
    "watch.watch": "freeze",
    "retrain.fit": "orphan",
    "retrain.promote": "freeze",
}
MONTHS = BEFORE + len(BOUNDARIES) + 1
LOST = 20  # batches whose wake-ups are lost
AGAIN_SECONDS = 15.0  # until a killed task has begun again
COPY_SECONDS = 75.0 + 30.0  # until a task without a heartbeat has: Airflow's time-out, and what is allowed besides
SWEEP_SECONDS, RUN_SECONDS, REST_SECONDS = 600.0, 300.0, 600.0
EDITS: Edits = {
    "retrain.yaml": {
        "  decay: {metric: log_loss, margin: 0.02}\n  calibration: {gap: 0.05}\ncooldown_batches: 1": "  every_batches: 1"
    },
    "gate.yaml": {"margin: 0.01": "margin: 5"},
}


def killed(asked: Asked) -> list[Proven]:
    """Both kinds of kill in one life, which must come to what the same life comes to on another stack without."""
    with live([NAME], MONTHS, EDITS, planted=PLANTED) as ctx:
        broken = [each for number in range(BEFORE) for each in _taken(ctx, number)]
        single = [each for at, boundary in enumerate(BOUNDARIES) for each in _deaths(ctx, BEFORE + at, boundary)]
        double = _twice(ctx, BEFORE + len(BOUNDARIES))
        found = effects(ctx.ctx(NAME))
        broken += [*ctx.broken(), *_red(ctx)]
    with live([NAME], MONTHS, EDITS) as quiet:
        broken += [each for number in range(MONTHS) for each in _taken(quiet, number)]
        broken += differences(effects(quiet.ctx(NAME)), found)
    late = _late(single, AGAIN_SECONDS)
    tasks = len({who.split(" at ")[0] for who, _ in single})
    what = f"SIGKILL of {tasks} tasks' processes at {len(BOUNDARIES)} boundaries, real Airflow"
    twice = "a task's supervisor killed or stopped; beside its copy the task may commit nothing"
    wrong = [each for _, _, each in double if each]
    copies = [(who, after) for who, after, _ in double]
    return [
        Proven("F3", what, len(single), (*broken, *late), max(after for _, after in single)),
        Proven("F4", twice, len(double), (*wrong, *_late(copies, COPY_SECONDS)), max(after for _, after in copies)),
        Proven("F5", "processes that outlive the stack", 1, left_over(ctx.running)),
    ]


def unheard(asked: Asked) -> list[Proven]:
    """No asset event comes through while twenty batches are taken at once: maintenance finds them all."""
    with live([NAME], LOST, planted=PLANTED) as ctx:
        ctx.orders.no_events.touch()
        started = time.monotonic()
        given = [(NAME, key) for key in ctx.keys(NAME)]
        for name, key in given:
            ctx.trigger(name, key)
        while len(ctx.ctx(NAME).ledger.batches.list(NAME)) < LOST or not ctx.ended(["ingest"]):
            assert time.monotonic() < started + SWEEP_SECONDS, "twenty batches were not taken within ten minutes"
            time.sleep(1)
        watched = len(ctx.ctx(NAME).ledger.batches.watches(NAME))
        ctx.orders.no_events.unlink()
        heard = time.monotonic()
        missing = ctx.settle(given)
        taken = time.monotonic() - heard
        broken = [*missing, *ctx.broken()]
    if taken > SWEEP_SECONDS + RUN_SECONDS:
        broken.append(f"{taken:.0f} s until all were watched; allowed: ten minutes to the next sweep, and the runs")
    if watched:
        broken.append(f"{watched} batches were watched although nobody was woken")
    what = f"{LOST} batches at once, no event comes through: all watched {taken:.0f} s after the last was taken"
    return [Proven("F26", what, LOST, tuple(broken), taken)]


def _taken(ctx: Live, number: int) -> list[str]:
    """Trigger one of the batches and wait for all that comes of it; what did not come."""
    key = ctx.keys(NAME)[number]
    ctx.trigger(NAME, key)
    missing = ctx.settle([(NAME, key)])
    deadline = time.monotonic() + REST_SECONDS
    while not ctx.ended(STAGES):
        assert time.monotonic() < deadline, f"runs have not ended {REST_SECONDS:g} s after {key} was settled"
        time.sleep(1)
    return missing


def _deaths(ctx: Live, number: int, boundary: str) -> list[tuple[str, float]]:
    """One batch's way to a decision, on which every task dies once at the boundary; each with the seconds until it began
    again."""
    orders = ctx.orders
    before = len(orders.told("dies"))
    for task in ctx.tasks(NAME, STAGES):
        orders.give(task, boundary, "die")
    missing = _taken(ctx, number)
    assert not missing, f"{missing} after deaths at {boundary!r}"
    orders.withdraw()
    died = orders.told("dies")[before:]
    assert died, f"nobody died at {boundary!r}"
    return [(f"{each.task} at {boundary}", orders.again(each)) for each in died]


def _twice(ctx: Live, number: int) -> list[tuple[str, float, str]]:
    """One batch's way on which the supervisors of some tasks are killed or stopped once these have begun, and copies are
    started: seconds until the copy began, and what is wrong about how the first one ended."""
    orders = ctx.orders
    for task, how in TWICE.items():
        orders.give(f"{NAME}__{task}", "entered", how)
    missing = _taken(ctx, number)
    assert not missing, f"{missing} after supervisors were killed and stopped"
    orders.withdraw()
    found = [*orders.told("orphaned"), *orders.told("frozen")]
    assert len(found) == len(TWICE), f"of {list(TWICE)} only {found} went on beside a copy"
    return [(f"{each.task} {each.what}", orders.again(each), _went_on(orders, each)) for each in found]


def _went_on(orders: Orders, one: Told) -> str:
    """What is wrong about the first one after its copy has ended: it wakes, and may find all done or be refused; it commits
    nothing, and it ends."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        since = orders.since(one)
        if "commits" in since:
            return f"{one.task} {one.what} went on beside its copy: {since}"
        if since and (since[-1] == "returned" or since[-1].startswith("refused ")):
            return ""
        time.sleep(0.5)
    return f"{one.task} {one.what} has not ended: {orders.since(one)}"


def _late(found: list[tuple[str, float]], allowed: float) -> list[str]:
    return [
        f"{who} began again after {after:.1f} s; {allowed:g} are allowed" for who, after in found if after > allowed
    ]


def _red(ctx: Live) -> list[str]:
    """Runs that failed: a killed task is tried again, and nobody is to clear it."""
    return [
        f"the run {each['dag_run_id']} of {stage} is {each['state']}"
        for stage in STAGES
        for each in ctx.runs(NAME, stage)
        if each["state"] != "success"
    ]
