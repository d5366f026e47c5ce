import pytest

from carekit.ground import registry as tables
from carekit.ground.messages import one_of
from carekit.material.autobox import methods  # noqa: F401  whose table has the same word in its errors
from carekit.method import cam


def test_a_misspelt_name_gets_the_nearest():
    assert one_of("colour", "red", ["red", "green"]) == "red"
    with pytest.raises(
        ValueError, match="^colour = 'gren' is unknown: did you mean 'green'. choose one of red, green$"
    ):
        one_of("colour", "gren", ["red", "green"])
    with pytest.raises(ValueError, match="^colour = 'xyz' is unknown: choose one of red, green$"):
        one_of("colour", "xyz", ["red", "green"])


def test_two_tables_of_one_key_are_refused():
    with pytest.raises(ValueError, match="^there is a table 'method' already: give another key$"):
        tables.Registry("method", {})


def test_additions_are_what_is_not_the_kits_own_and_reach_another_process(monkeypatch):
    assert tables.additions() == {} and tables.fingerprint_of_additions() == ""

    def toy(features, gradient):
        return features.sum(1)

    monkeypatch.setitem(cam.MAPS, "toy", cam.Map("a toy", toy))
    found = tables.additions()
    assert found == {"method": {"toy": cam.Map("a toy", toy)}}
    one = tables.fingerprint_of_additions()
    monkeypatch.delitem(cam.MAPS, "toy")
    tables.adopt(found)
    assert cam.MAPS.named("toy").function is toy
    monkeypatch.setitem(cam.MAPS, "toy", cam.Map("a toy", cam.grad_cam))
    assert tables.fingerprint_of_additions() not in ("", one)  # other code under the same name
