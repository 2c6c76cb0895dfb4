"""From HTML to reading, and personal identity numbers in what people write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.basics.personal_data import find_personal_identity_numbers, mask
from app.basics.plain_text import content_hash, cut, one_line, plain_text, tidy


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ("<p>Hej &amp; h&aring;</p><p>Nytt</p>", "Hej & hå\n\nNytt"),
        ("rad ett<br />rad två", "rad ett\nrad två"),
        ("<script>x()</script>Kvar<style>p{}</style>", "Kvar"),
        ('<a href="https://x.se/lek">läs här</a>', "läs här (https://x.se/lek)"),
        ('<a href="https://x.se/lek">x.se/lek</a>', "x.se/lek"),
        ('Bild: <img src="http://spion.example/a.png" alt="en råtta">', "Bild: en råtta"),
        ("5 &amp;lt; 6", "5 &lt; 6"),
        ("👩‍🚒 och ❤️", "👩‍🚒 och ❤️"),
        ("مرحباً", "مرحباً"),
        ("a\x00b\ud800c", "abc"),
    ],
)
def test_html_becomes_reading(source, read):
    """Tags, entities and what is no text become plain reading."""
    assert plain_text(source) == read


def test_plain_text_means_what_it_says():
    """In plain text a sign smaller than is no tag."""
    assert tidy("1 < 2 & 3 > 2\r\n\r\n\r\n\r\nslut  \n") == "1 < 2 & 3 > 2\n\nslut"


@given(st.text(max_size=300))
def test_nothing_that_is_no_text_comes_through(text):
    """Whatever comes in, no control characters, trailing blanks or long gaps come out."""
    for read in (plain_text(text), tidy(text)):
        assert "\x00" not in read
        assert "\n\n\n" not in read
        assert read == read.strip()


@given(st.text(max_size=400), st.integers(1, 80))
def test_a_line_is_one_line_and_no_longer(text, length):
    """The list's line has no line break and at most the length asked for."""
    line = one_line(text, length)
    assert "\n" not in line
    assert len(line) <= length


def test_a_cut_never_tears_a_character():
    """A cut falls before a joined character, not inside it."""
    assert cut("ab👩‍🚒cd", 4) == "ab…"


def test_a_hash_tells_parts_apart():
    """The same letters in other parts have another name."""
    assert content_hash("ab", "c") != content_hash("a", "bc")


@pytest.mark.parametrize(
    "text",
    [
        "19121212-1212",
        "121212-1212",
        "1212121212",
        "191212121212",
        "121212+1212",
        "nr 19121212 1212.",
    ],
)
def test_personal_identity_numbers_are_found_and_masked(text):
    """Every way of writing one is found, and no digit of it is left."""
    assert find_personal_identity_numbers(text)
    assert "1212" not in mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "0701234567",
        "556016-0680",
        "19121212-1213",
        "20261350-1234",
        "dnr 2026/311",
        "12345678901234",
    ],
)
def test_what_looks_alike_is_left(text):
    """Phone numbers, company numbers, wrong check digits and impossible dates are left alone."""
    assert mask(text) == text


@given(st.text(max_size=200))
def test_masking_changes_nothing_but_digits(text):
    """The text keeps its length, and masking twice is masking once."""
    masked = mask(text)
    assert len(masked) == len(text)
    assert mask(masked) == masked
