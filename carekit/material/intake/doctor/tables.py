"""What the tables of a data set say: counts, parts, groups, the licence."""

from collections import Counter

import pandas as pd

from carekit.material.intake.doctor.report import Report

FEW = 5  # test images: below, one image decides more than 20 points of a class's recall


def check_counts(report: Report, names: pd.Series, classes: list[str], rare: list[str]) -> None:
    """Classes that are missing, and how many images each has."""
    counts = Counter(names)
    report.counts = {name: counts[name] for name in classes}
    absent = [name for name in classes if not counts[name]]
    if len(classes) < 2:
        report.add("error", "classes", "there must be two classes or more: nothing can be told apart")
    if absent:
        report.add("error", "classes", f"class {absent[0]!r} has no image: add some, or leave the class out")
    present = {name: n for name, n in report.counts.items() if n}
    if not present:
        return
    least = min(present, key=lambda name: present[name])
    most = max(present, key=lambda name: present[name])
    text = ", ".join(f"{name} {n}" for name, n in present.items())
    ratio = present[most] / present[least]
    if ratio > 1:
        text += f"; {most} outnumbers {least} {ratio:.3g} times"
    report.add("note", "classes", f"{sum(present.values())} images: {text}")
    if present[least] < min(present.get(name, 0) for name in rare):
        text = f"{least} is the smallest class, but {', '.join(rare)} is named as rare: is it meant?"
        report.add("warning", "classes", text)


def check_parts(report: Report, names: pd.Series, split: pd.Series, classes: list[str]) -> None:
    """Classes that a part lacks, or of which it has few."""
    for part in ("train", "test"):
        counts = Counter(names[split == part])
        absent = [name for name in classes if not counts[name]]
        if absent:
            report.add("error", "split", f"class {absent[0]!r} has no {part} image: draw the split again")
    tests = Counter(names[split == "test"])
    few = [f"{name} {tests[name]}" for name in classes if 0 < tests[name] < FEW]
    if few:
        text = f"few test images ({', '.join(few)}): one image decides much of that recall, so report intervals"
        report.add("warning", "split", text)


def check_groups(report: Report, table: pd.DataFrame, level: str, advice: str) -> None:
    """Groups that have images in both parts."""
    parts = table.groupby("group").split.nunique()
    both = list(parts.index[parts > 1])
    if both:
        report.add(level, "groups", f"{len(both)} group(s), such as {both[0]!r}, have images in both parts: {advice}")


def check_licence(report: Report, licence: str) -> None:
    """Whether it is known what may be done with the images."""
    if not licence or licence == "not stated":
        text = "no licence is stated: find out what may be done with the images, and write it down"
        report.add("warning", "licence", text)
    else:
        report.add("note", "licence", f"licence: {licence}")
