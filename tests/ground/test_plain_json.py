import pytest

from carekit.ground.plain_json import DEEPEST, parse


def test_what_is_plain_is_read():
    assert parse('{"a": [1, {"b": null}], "c": "x"}') == {"a": [1, {"b": None}], "c": "x"}
    assert parse("3") == 3


@pytest.mark.parametrize("n", [DEEPEST + 2, 500, 100_000])
@pytest.mark.parametrize("pair", ["[]", '{"a":}'])
def test_what_is_nested_deeply_is_one_sentence(n, pair):
    start, end = pair[:-1], pair[-1]
    with pytest.raises(ValueError, match=f"nested more than {DEEPEST} levels"):
        parse(start * n + "1" + end * n)


def test_as_deep_as_is_allowed():
    n = DEEPEST + 1
    value = parse("[" * n + "]" * n)
    for _ in range(n - 1):
        (value,) = value
    assert value == []


def test_no_json_is_an_error():
    with pytest.raises(ValueError):
        parse("{'a': 1}")
