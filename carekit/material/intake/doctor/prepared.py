"""A prepared data set, looked over."""

from pathlib import Path

import pandas as pd

from carekit.data.prepared import Prepared
from carekit.data.prepared.files import AT_ONCE
from carekit.material.intake.doctor.boxes import check_boxes
from carekit.material.intake.doctor.pictures import Pictures, look_at, small_of_all
from carekit.material.intake.doctor.report import Report
from carekit.material.intake.doctor.tables import check_counts, check_groups, check_licence, check_parts


def examine_prepared(report: Report, path: Path) -> None:
    """Add what is to be said of a prepared data set. Raises ValueError or OSError where it cannot be opened."""
    report.kind = "prepared"
    data = Prepared.open(path)
    report.account = data.facts.get("account", [])
    try:
        data.verify()
    except ValueError as error:
        report.add("error", "files", str(error))
    names = data.samples.label.map(dict(enumerate(data.classes)))
    check_counts(report, names, data.classes, data.rare)
    check_parts(report, names, data.samples.split, data.classes)
    if "by image" in data.facts["split"]:
        check_groups(report, data.samples, "warning", "the split is by image, as the paper's: expect flattered results")
    else:
        check_groups(report, data.samples, "error", "prepare it again with a split by group")
    _look_at_pictures(data, names).report(report)
    sizes = pd.DataFrame({"w": data.size, "h": data.size}, index=data.samples.image_id)
    check_boxes(report, data.boxes, sizes, names, data.rare)
    check_licence(report, data.facts["licence"])


def _look_at_pictures(data: Prepared, names: pd.Series) -> Pictures:
    pictures = Pictures(data.samples.image_id, names, data.samples.split)
    for start in range(0, len(data), AT_ONCE):
        rows = range(start, min(start + AT_ONCE, len(data)))
        images = data.read(rows)
        cells = small_of_all(images)
        for i, image in zip(rows, images, strict=True):
            pictures.add(i, *look_at([image]), cells[i - start].tobytes())
    return pictures
