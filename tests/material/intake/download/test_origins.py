import pytest

from carekit.material.intake.download import data_set, origins

ALL = [origins.HAM10000, origins.ISIC2018, *origins.MEDMNIST.values()]


@pytest.mark.parametrize("origin", ALL, ids=lambda origin: origin.title.split(",")[0])
def test_the_origins_are_well_formed(origin):
    assert "CC BY" in origin.licence and "doi:" in origin.citation and not origin.steps
    for remote in origin.files:
        data_set.check_remote(remote)
        assert remote.url.startswith("https://") and (remote.size is None or remote.size > 0)
    names = [remote.name.lower() for remote in origin.files]
    assert names and len(set(names)) == len(names)


def test_the_origins_are_those_that_are_prepared():
    assert sorted(origins.MEDMNIST) == [(k, n) for k in ("dermamnist", "pneumoniamnist") for n in (28, 64, 128, 224)]
    assert {o.licence for (k, _), o in origins.MEDMNIST.items() if k == "dermamnist"} == {"CC BY-NC 4.0"}
    assert {o.licence for (k, _), o in origins.MEDMNIST.items() if k == "pneumoniamnist"} == {"CC BY 4.0"}
    checksums = [remote.checksum for origin in ALL for remote in origin.files if remote.checksum]
    assert len(set(checksums)) == 4 + 2 + 8


def test_a_source_that_needs_an_account_says_what_to_do(tmp_path):
    said = []
    with pytest.raises(ValueError, match="Kaggle account"):
        data_set.fetch(origins.RSNA, tmp_path / "new", say=said.append)
    assert origins.RSNA.citation in said[0] and not (tmp_path / "new").exists()
