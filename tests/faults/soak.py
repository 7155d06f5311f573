"""F33 and F34 on real Airflow: five use cases with ten batches each at once, then a batch a minute for hours while
something is killed or stopped every five minutes, and nobody helps.
"""

from __future__ import annotations

import time

from faults.harm import Harm
from faults.live import Live, left_over, live
from faults.proven import Asked, Proven
from faults.vitals import Vitals

USE_CASES, AT_ONCE = 5, 10
BATCH_SECONDS, HARM_SECONDS = 60.0, 300.0
HEARTBEAT_SECONDS = 30.0


def soaked(asked: Asked) -> list[Proven]:
    """Both, on one stack; `asked.minutes` of harm."""
    names = [f"soak_{number}" for number in range(USE_CASES)]
    with live(names, AT_ONCE + int(asked.minutes)) as ctx:
        rows = [_at_once(ctx), _harmed(ctx, asked)]
    return [*rows, Proven("F5", "processes that outlive the stack", 1, left_over(ctx.running))]


def _at_once(ctx: Live) -> Proven:
    """All batches of all use cases are triggered in one go."""
    vitals = Vitals(ctx.running)
    vitals.start()
    started = time.monotonic()
    asked = [(name, key) for name in ctx.names for key in ctx.keys(name)[:AT_ONCE]]
    for name, key in asked:
        ctx.trigger(name, key)
    missing = ctx.settle(asked)
    vitals.end()
    what = (
        f"{USE_CASES} use cases with {AT_ONCE} batches each through Airflow at once: all ended after "
        f"{time.monotonic() - started:.0f} s, longest heartbeat gap {vitals.gap:.0f} s"
    )
    return Proven("F33", what, len(asked), (*missing, *_late(vitals), *ctx.broken()))


def _harmed(ctx: Live, asked: Asked) -> Proven:
    """A batch a minute, and harm at regular intervals; then everything must settle and hold."""
    vitals, harm = Vitals(ctx.running), Harm(ctx.running, asked.seed)
    vitals.start()
    keys = {name: iter(ctx.keys(name)[AT_ONCE:]) for name in ctx.names}
    given: list[tuple[str, str]] = []
    started = harmed = handed = time.monotonic()
    while (now := time.monotonic()) < started + 60 * asked.minutes:
        if now - handed >= BATCH_SECONDS:
            name = ctx.names[len(given) % len(ctx.names)]
            given.append((name, next(keys[name])))
            ctx.trigger(*given[-1])
            handed = now
        if now - harmed >= min(HARM_SECONDS, 60 * asked.minutes / 8):
            harm.next()
            harmed = now
        time.sleep(0.5)
    missing = ctx.settle(given)
    vitals.end()
    what = (
        f"{asked.minutes:g} minutes, a batch a minute through Airflow, {len(harm.done)} faults ({'; '.join(harm.done)}); "
        f"longest heartbeat gap {vitals.gap:.0f} s"
    )
    wrong = (*missing, *_late(vitals), *vitals.grown(), *ctx.broken())
    return Proven("F34", what, len(given), wrong, harm.worst, asked.seed)


def _late(vitals: Vitals) -> list[str]:
    late = vitals.gap > HEARTBEAT_SECONDS
    return (
        [f"{vitals.gap:.0f} s between two heartbeats of the scheduler; {HEARTBEAT_SECONDS:g} are allowed"]
        if late
        else []
    )
