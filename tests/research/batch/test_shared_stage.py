"""Runs that differ in the second stage only share one pretrained model, also when they start at once."""

import json
from pathlib import Path

from carekit.__main__ import main
from carekit.research.batch.collect import collect

CELLS = [
    "alpha = 0.5\nresults = ''",
    "from dataclasses import replace\nimport json\nfrom pathlib import Path\n"
    "from carekit import Care, Prepared, compare, profile\nfrom carekit.experiment import Arm, scores",
    "data = Prepared.open('tiny')\nquick = replace(profile('fast'), size=16)\n"
    "runs = compare(data, quick, {'care': Arm(Care(alpha=alpha))}, [0])",
    "rows = scores(runs)[['arm', 'seed', 'mca', 'attention_inside']].to_dict('records')\n"
    "Path(results).write_text(json.dumps({'runs': rows, 'models': [run.checkpoint.name for run in runs]}))",
]


def test_one_pretrained_model_for_all(write, tiny, tmp_path):
    tiny.save(tmp_path / "tiny")
    arguments = ["batch", str(write(*CELLS)), "--grid", "alpha=0.0,0.9", "--jobs", "2", "--out", str(tmp_path / "out")]
    assert main(arguments) == 0
    found = [json.loads(file.read_text())["models"] for file in (tmp_path / "out").glob("*/results.json")]
    assert len(found) == 2
    assert len({pretrained for pretrained, _ in found}) == 1 and len({second for _, second in found}) == 2
    kept = [file.name for file in Path(tmp_path / "runs" / "models").glob("*.safetensors")]
    assert sorted(kept) == sorted({name for pair in found for name in pair})
    table, _ = collect(tmp_path / "out")
    assert len(table) == 4
    pretrained = table[table.arm == "pretrained"]
    assert pretrained.mca.nunique() == 1 and table.alpha.tolist() == [0.0, 0.0, 0.9, 0.9]
