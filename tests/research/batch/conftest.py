"""Notebooks of one's own, small enough to run many."""

import nbformat
import pytest

SPEC = {"name": "python3", "display_name": "Python 3", "language": "python"}


@pytest.fixture
def write(tmp_path):
    """write(cells): a notebook whose first cell is the parameters cell; gives its path."""

    def write_notebook(*cells, name="own", tags=("parameters",), kernelspec=SPEC):
        node = nbformat.v4.new_notebook(metadata={"kernelspec": kernelspec} if kernelspec else {})
        node.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
        node.cells[0].metadata["tags"] = list(tags)
        path = tmp_path / f"{name}.ipynb"
        nbformat.write(node, path)
        return path

    return write_notebook
