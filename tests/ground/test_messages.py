import errno
from collections import namedtuple

import pytest

from carekit.ground.messages import about_row, is_plain, one_of, printable, sentence, similar

Row = namedtuple("Row", "image_id x0")


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(ValueError, match="colour = 'bleu' is unknown: did you mean 'blue'"):
        one_of("colour", "bleu", ["blue", "green"])


def test_a_sentence_about_a_row():
    row = Row("a{0.x0}", 2.50)
    assert about_row("{0.image_id!r} at {0.x0:g}, {0.image_id}", row) == "'a{0.x0}' at 2.5, a{0.x0}"


@pytest.mark.parametrize(
    "name", ["{}", "{0}", "{1.x}", "{0.__class__.__init__.__globals__}", "{0.unknown}", "}{", "{{"]
)
def test_braces_in_names_are_letters(name):
    assert about_row(f"{name}: {{0.image_id}}", Row("a", 1)) == f"{name}: a"


@pytest.mark.parametrize(
    "letter", ["\x1b", "\x07", "\r", "\n", "\t", "\0", "\x7f", "\x9b", "\u202e", "\u2066", "\udc80"]
)
def test_control_characters_do_not_reach_a_terminal(letter):
    assert not is_plain(f"a{letter}b")
    shown = printable(f"a{letter}b")
    assert shown == f"a{letter}b" if letter in "\n\t" else is_plain(shown) and "\\" in shown


@pytest.mark.parametrize("name", ["nv", "皮膚纖維瘤", "דוגמה", "Ätzung $5 {x} <b>", "👩‍⚕️", "a b"])
def test_names_of_people_stay(name):
    assert is_plain(name) and printable(name) == name


def test_an_endless_name_is_compared_with_none_and_shown_in_part():
    name = "a" * 5_000_000
    assert similar(name, ["a", "a" * 300]) == []
    shown = printable(f"{name} is unknown\nand more")
    assert len(shown) < 5_000 and shown.endswith("(5000011 letters)\nand more")


def test_of_a_full_disk_one_is_told_what_to_do():
    full = OSError(errno.ENOSPC, "No space left on device", "a\x1b.npy")
    assert sentence(full, "prepare").startswith("prepare: the disk is full (it was writing a\\x1b.npy): make room")
    assert sentence(OSError(errno.EDQUOT, "Quota")).startswith("carekit: the disk is full: make room")
    assert sentence(OSError("plain\x1b")) == "carekit: plain\\x1b"
    assert sentence(ValueError("tau = 2")) == "carekit: tau = 2"
