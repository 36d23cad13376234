"""What is measured, one thing after another, each through the product's commands and files alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import isnan
from pathlib import Path
from statistics import median, quantiles
from threading import Event, Thread

from tests.bench.clients import etag, latencies_s, per_second
from tests.bench.goals import NGINX, SIZES, STRACE
from tests.bench.peers import Hugo, absent, nginx
from tests.bench.product import SOME_TOPICS, Product
from tests.bench.programs import Service, count_syncs

FEED = "/feeds/all/atom.xml"
DAILY_CHECK_S = 70.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What all measurements share."""

    base: Path
    rounds: int
    events: int
    """How many single articles come live in each round."""
    found: dict[str, float] = field(default_factory=dict)
    hugos: list[Hugo] = field(default_factory=list)
    """One for each corpus. What takes milliseconds is divided by builds of the first."""

    def say(self, size: int, **figures: float) -> None:
        """Keeps and prints figures; those that could not be measured (NaN) are left out."""
        for name, value in figures.items():
            if not isnan(value):
                self.found[f"{size} {name}"] = value
                print(f"{size:>8,} {name:<18}{value:>14,.3f}", flush=True)

    def attempt(self, part: Callable[..., None], *given: object) -> None:
        """Measures one thing; a failure is told, and the others go on."""
        try:
            part(self, *given)
        except (RuntimeError, OSError) as error:
            print(f"{part.__name__}: {error}", flush=True)


def measure(bench: Bench, size: int, *, count: int, bodies: bool) -> None:
    """All figures of one corpus of `count` articles, for the goals of this size."""
    product = Product(bench.base / f"{size}", count, bodies=bodies)
    bench.hugos.append(Hugo(bench.base / f"{size}-hugo", product.folder))
    bench.attempt(builds, size, product, bench.hugos[-1])
    bench.attempt(live, size, product)
    if STRACE not in absent():
        bench.attempt(syncs_of_one, size, product)
    if size == SIZES[0]:
        bench.attempt(routes, size, product)


def builds(bench: Bench, size: int, product: Product, hugo: Hugo) -> None:
    """Builds of an empty and of an unchanged state and a start, in turn with Hugo."""
    rounds: list[Mapping[str, float]] = []
    for _ in range(bench.rounds):
        hugo_s, hugo_mb = hugo.build()
        product.forget()
        cold = product.build()
        feeds_s = product.written_s(cold.began, archives=False)
        warm_s = product.build().wall_s
        with product.running() as service:
            ready_s = service.ready_s
        times = {"cold": feeds_s, "cold_all": cold.wall_s, "warm": warm_s, "ready": ready_s}
        rounds.append(
            {name: value / hugo_s for name, value in times.items()}
            | {f"{name}_s": value for name, value in times.items()}
            | {"hugo_s": hugo_s, "hugo_mb": hugo_mb, "peak_mb": cold.peak_mb, "peak": cold.peak_mb / hugo_mb}
        )
    bench.say(size, **{name: median(one[name] for one in rounds) for name in rounds[0]})


def live(bench: Bench, size: int, product: Product) -> None:
    """All that is measured while the service runs."""
    with product.running() as service:
        service.rest()
        bench.attempt(idle, size, service)
        bench.attempt(events, size, product)
        bench.attempt(files_of_one, size, product, service)
        if size == SIZES[0]:
            if NGINX not in absent():
                bench.attempt(http, size, product)
            bench.attempt(latency, size, product)
        bench.attempt(bursts, size, product, service)


def idle(bench: Bench, size: int, service: Service, seconds: float = 60.0) -> None:
    """Over a whole interval of scanning, once the check is over that the database has on each day."""
    time.sleep(DAILY_CHECK_S)
    service.rest()
    before = service.processor_s()
    time.sleep(seconds)
    used = (service.processor_s() - before) / seconds
    bench.say(size, idle_percent=used * 100, idle_mb=service.memory_mb())


def events(bench: Bench, size: int, product: Product) -> None:
    """Articles that come and are edited one at a time, in turn with Hugo."""
    took = [_round_of_events(bench, product) for _ in range(bench.rounds)]
    for name in ("new", "edited"):
        _say_times(bench, size, name, [(hugo_s, times[name]) for hugo_s, times in took])
    middle = bench.found.get(f"{SIZES[0]} new_p50")
    if middle and size > SIZES[0]:
        bench.say(size, growth=bench.found[f"{size} new_p50"] / middle)
    hugo_s, _ = bench.hugos[0].build()
    new = [_after_rest(partial(product.add, [*SOME_TOPICS, f"Fresh {n}"])) for n in range(bench.events)]
    _say_times(bench, size, "topic", [(hugo_s, new)])


def _round_of_events(bench: Bench, product: Product) -> tuple[float, dict[str, list[float]]]:
    hugo_s, _ = bench.hugos[0].build()
    new = [_after_rest(product.add) for _ in range(bench.events)]
    edited = [_after_rest(product.edit) for _ in range(bench.events)]
    return hugo_s, {"new": new, "edited": edited}


def _after_rest(event: Callable[[], float]) -> float:
    time.sleep(0.3)
    return event()


def _say_times(bench: Bench, size: int, name: str, rounds: Sequence[tuple[float, Sequence[float]]]) -> None:
    """The percentiles in milliseconds, and of Hugo's builds of the same round."""
    p50_s, p99_s = percentiles([one for _, times in rounds for one in times])
    p50, p99 = percentiles([one / hugo_s for hugo_s, times in rounds for one in times])
    said = {"p50_ms": p50_s * 1000, "p99_ms": p99_s * 1000, "p50": p50, "p99": p99}
    bench.say(size, **{f"{name}_{part}": value for part, value in said.items()})


def percentiles(values: Sequence[float]) -> tuple[float, float]:
    """The middle, and the 99th of a hundred; the worst of fewer."""
    return median(values), quantiles(values, n=100)[98] if len(values) >= 100 else max(values)


def files_of_one(bench: Bench, size: int, product: Product, service: Service) -> None:
    """Files written for one new article of three topics."""
    service.rest()
    before = product.files()
    product.add()
    service.rest()
    after = product.files()
    bench.say(size, files=sum(before.get(path) != at for path, at in after.items()))


def syncs_of_one(bench: Bench, size: int, product: Product) -> None:
    """Syncs made for one new article of three topics: the median of several, since after each fifteenth the
    database's log is carried over."""
    trace = product.base / "strace"
    with product.running(trace=trace) as service:
        counts = []
        for _ in range(5):
            service.rest()
            before = count_syncs(trace.read_text())
            product.add()
            service.rest()
            counts.append(count_syncs(trace.read_text()) - before)
    bench.say(size, syncs=median(counts))


def bursts(bench: Bench, size: int, product: Product, service: Service) -> None:
    """A thousand changed, then articles while what follows is written; ten thousand new; none is missed."""
    hugo_s, _ = bench.hugos[0].build()
    began = time.time()
    shown_s = product.change_many(1_000)
    service.rest()
    all_s = product.written_s(began)
    bench.say(size, changed_s=shown_s, changed_all_s=all_s)
    bench.say(size, changed=shown_s / hugo_s, changed_all=all_s / hugo_s)
    product.change_many(1_000)
    _say_times(bench, size, "archives", [(hugo_s, [product.add() for _ in range(bench.events)])])
    service.rest()
    if size > SIZES[0]:
        hugo_s, _ = bench.hugos[0].build()
        shown_s = product.add_many(10_000)
        bench.say(size, added_s=shown_s, added=shown_s / hugo_s)
        service.rest()
    bench.say(size, missed=product.missed())


def routes(bench: Bench, size: int, product: Product) -> None:
    """Articles that no route takes: how long they take with a thousand, and the work with ten thousand."""
    work: dict[int, float] = {}
    for count in (10, 1_000, 10_000):
        product.configure(count)
        with product.running() as service:
            service.rest()
            hugo_s, _ = bench.hugos[0].build()
            product.add()
            before = service.processor_s()
            took = [_after_rest(product.add) for _ in range(bench.events)]
            work[count] = service.processor_s() - before
        if count == 1_000:
            _say_times(bench, size, "routes", [(hugo_s, took)])
    product.configure()
    bench.say(size, routes=work[10_000] / work[10])


def http(bench: Bench, size: int, product: Product) -> None:
    """Answers per second beside nginx, in turn, on the same folder with the same client."""
    with nginx(bench.base / "nginx", product.output) as other:
        ports = (product.port, other)
        known = [f"If-None-Match: {etag(port, FEED)}" for port in ports]
        plain, gzip = ["Accept: */*"] * 2, ["Accept-Encoding: gzip"] * 2
        for kind, headers, status in (("304", known, 304), ("whole", plain, 200), ("gzip", gzip, 200)):
            shares: list[float] = []
            for _ in range(bench.rounds):
                ours, theirs = (
                    per_second(*one, status) for one in zip(ports, [FEED] * 2, headers, strict=True)
                )
                shares.append(ours / theirs)
            bench.say(size, **{f"http_{kind}": median(shares)})


def latency(bench: Bench, size: int, product: Product) -> None:
    """The 99th percentile of a whole feed's answer while articles arrive, against quiet, in turn."""
    shares: list[float] = []
    for _ in range(bench.rounds):
        _, quiet_s = percentiles(latencies_s(product.port, FEED, 2.0))
        stop = Event()
        writer = Thread(target=_add_until, args=(product, stop))
        writer.start()
        try:
            _, busy_s = percentiles(latencies_s(product.port, FEED, 2.0))
        finally:
            stop.set()
            writer.join()
        shares.append(busy_s / quiet_s)
    bench.say(size, http_p99=median(shares))


def _add_until(product: Product, stop: Event) -> None:
    while not stop.is_set():
        product.add()
