"""Print the lowest versions that pyproject.toml allows, a line each: constraints for pip.

    pip install --constraint <(python .ci/lowest.py) --editable ".[course,data,dev]"

Not of what the tests, the benchmarks and the checks need besides: whoever uses carekit does not install that.
"""

import re
import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

USED = ("course", "data")  # the extras whose lower bounds are a promise


def lowest(pyproject: str) -> list[str]:
    """name==version for each lower bound of the dependencies and of the extras that are USED."""
    project = tomllib.loads(pyproject)["project"]
    wanted = project["dependencies"] + [each for extra in USED for each in project["optional-dependencies"][extra]]
    return [re.sub(r">=\s*", "==", requirement) for requirement in wanted]


if __name__ == "__main__":
    print("\n".join(lowest((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))))
