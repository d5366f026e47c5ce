import errno

import pytest

from carekit.ground import parallel
from carekit.ground.parallel import in_chunks


def test_without_shared_memory_one_worker_is_advised_and_works(monkeypatch):
    def refused(*_):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(parallel, "ProcessPoolExecutor", refused)
    with pytest.raises(OSError, match="shared memory, which cannot be had .Read-only file system.: take one worker"):
        list(in_chunks(lambda start, items: sum(items), range(4), [0, 2], 2, 2))
    assert list(in_chunks(lambda start, items: sum(items), range(4), [0, 2], 2, 1)) == [(0, 1), (2, 5)]
