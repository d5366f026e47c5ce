"""Timings side by side: every round runs all variants once, and a ratio is that of the same round."""

import argparse
import statistics
import time
from collections.abc import Callable

Clock = Callable[[], float]


def rounds(
    variants: dict[str, Callable[[], object]], repeats: int, warm_up: int = 2, clock: Clock = time.perf_counter
) -> dict[str, list[float]]:
    """Seconds of each variant, `repeats` rounds after `warm_up` that do not count.

    Every second round runs backwards, so that no variant always follows the same other one. With `time.process_time`
    as the clock it is the time that this process was computing, which other processes beside it stretch far less.
    """
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for turn in range(warm_up + repeats):
        for name, run in list(variants.items())[:: -1 if turn % 2 else 1]:
            started = clock()
            run()
            if turn >= warm_up:
                seconds[name].append(clock() - started)
    return seconds


def print_ratios(title: str, seconds: dict[str, list[float]], base: str, targets: dict[str, float], floor: str) -> None:
    """A table of ratios to `base`, median and range over the rounds, and whether the `targets` are met."""
    print(f"\n{title}\n{'':44}{'median ms':>10}{'ratio':>8}{'lowest':>8}{'highest':>9}")
    verdicts = []
    for name, values in seconds.items():
        ratios = [value / reference for value, reference in zip(values, seconds[base], strict=True)]
        middle = statistics.median(ratios)
        row = f"{statistics.median(values) * 1e3:>10.1f}{middle:>8.3f}{min(ratios):>8.2f}{max(ratios):>9.2f}"
        print(f"{name:44}{row}")
        if name in targets:
            verdict = "within" if middle <= targets[name] else "above"
            verdicts.append(f"-> {name}: {middle:.3f}, {verdict} the target of {targets[name]:.2f} (floor: {floor})")
    print(*verdicts, sep="\n", flush=True)


def options(description: str, threads: int = 2) -> argparse.Namespace:
    """The command line that all benchmarks share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="small and few: to see that it runs")
    parser.add_argument("--threads", type=int, default=threads, help=f"threads of torch (default {threads})")
    parser.add_argument("--cpu", action="store_true", help="time of the processor, for a machine that is not idle")
    chosen = parser.parse_args()
    chosen.clock = time.process_time if chosen.cpu else time.perf_counter
    return chosen
