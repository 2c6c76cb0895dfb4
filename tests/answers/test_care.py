"""The checks of a draft: what is found, and that the everyday is left in peace."""

import re
import time
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.answers.care import STOPS, About, Care, Override, language_of, look_at, must_ask
from app.basics.personal_data import find_written_identity_numbers

ANNA = About(
    name="Anna Lindström",
    words="När öppnar badet?",
    language="sv",
    domains=("landskrona.se",),
    switchboard="0418-47 00 00",
)
CLIENT = replace(ANNA, restricted=True)


def kinds(draft, about=ANNA):
    """The kinds of what is found in a draft."""
    return [one.care for one in look_at(draft, about)]


def check_digit(nine):
    """The digit that makes nine digits an identity number, by the Luhn rule."""
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(nine)]
    return str(-sum(number // 10 + number % 10 for number in doubled) % 10)


@st.composite
def identity_numbers(draw):
    """A valid number in one of the forms that people write: personnummer or samordningsnummer."""
    born = draw(st.dates(date(1890, 1, 1), date(2026, 11, 27)))
    day = born.day + draw(st.sampled_from([0, 60]))
    serial = f"{draw(st.integers(0, 999)):03}"
    short = f"{born:%y%m}{day:02}"
    last = serial + check_digit(short + serial)
    between = draw(st.sampled_from(["", "-", "+", " ", "–", "−", "‑", "\u00a0", " - ", " – "]))
    century = draw(st.sampled_from(["", str(born.year // 100)]))
    if draw(st.booleans()):
        return f"{century}{short}{between}{last}"
    return f"{born.year}-{born:%m}-{day:02}-{last}"


CALLS = re.compile(r"ring|tel|mobil|sms|call|phone", re.IGNORECASE)


@given(st.text(), identity_numbers(), st.text())
def test_every_identity_number_is_found(before, number, after):
    """A valid number in any of its forms, inside any text, is found and stops the answer."""
    assume(not before[-1:].isdecimal() and not after[:1].isdecimal())
    assume(not CALLS.search(before))
    draft = before + number + after
    found = find_written_identity_numbers(draft)
    at = (len(before), len(before) + len(number))
    overlapping = [one for one in found if one[0] < at[1] and at[0] < one[1]]
    assert overlapping
    assert Care.IDENTITY_NUMBER in must_ask(look_at(draft, ANNA))


def test_a_number_is_found_behind_what_only_looks_like_one():
    """Six digits before a number do not swallow its first four."""
    assert find_written_identity_numbers("dnr 850101 1985-07-09-9805") == [(11, 26)]


def test_ten_digits_are_one_thing_only():
    """What can be either is an identity number, and a telephone number where one is to call it."""
    ten = "070112345" + check_digit("070112345")
    assert kinds(f"Numret {ten} är ditt.") == [Care.IDENTITY_NUMBER]
    assert kinds(f"Ring mig på {ten}.") == [Care.PHONE]


@given(identity_numbers())
def test_an_identity_number_is_never_repeated(number):
    """What is found of an identity number does not hold the number itself."""
    (found,) = [one for one in look_at(f"Tack, {number}.", ANNA) if one.care in STOPS]
    assert found.said == ""


@given(identity_numbers(), st.integers(1, 9))
def test_a_wrong_check_digit_is_no_identity_number(number, more):
    """With another last digit the same number is left alone."""
    wrong = number[:-1] + str((int(number[-1]) + more) % 10)
    assert find_written_identity_numbers(f"Ditt ärende {wrong} är klart") == []


@given(
    st.text(st.characters(exclude_categories=["Nd"])),
    st.integers(20, 99),
    st.sampled_from(["16", ""]),
    st.data(),
)
def test_an_organisation_number_is_none(before, middle, prefix, data):
    """An organisationsnummer, with its third digit at least 2, is not an identity number."""
    digit = st.integers(0, 9).map(str)
    rest = "".join(data.draw(st.lists(digit, min_size=5, max_size=5)))
    first = data.draw(st.sampled_from("25789")) + data.draw(digit)
    nine = f"{first}{middle}{rest}"
    number = nine + check_digit(nine)
    for between in ("-", ""):
        written = f"{before}{prefix}{number[:6]}{between}{number[6:]}"
        assert find_written_identity_numbers(written) == []


@given(
    st.sampled_from(["070", "072", "073", "076", "079"]),
    st.integers(0, 9_999_999),
    st.sampled_from(["{0}-{1} {2} {3}", "{0}-{1}{2}{3}", "+46 {4} {1} {2} {3}", "+46{4}{1}{2}{3}",
                     "0046{4}{1}{2}{3}", "{0} {1} {2} {3}", "Ring mig på {0}{1}{2}{3}",
                     "Tel: {0}{1}{2}{3}"]),
)  # fmt: skip
def test_a_mobile_number_is_a_telephone_number(area, rest, shape):
    """A mobile number as people write it is a telephone number and no identity number."""
    seven = f"{rest:07}"
    draft = shape.format(area, seven[:3], seven[3:5], seven[5:], area[1:])
    assert kinds(draft) == [Care.PHONE]


@pytest.mark.parametrize(
    "draft",
    [
        "Anna på vårdcentralen kan hjälpa dig.",
        "Anna Holm på hemtjänsten ringer upp.",
        "Stödet ges enligt LSS.",
        "Vi har öppet måndag–fredag 08.00–16.30, lördagar 0800-1300.",
        "Välkommen att ringa 0418-47 00 00, eller ring 0418-47 31 22 direkt.",
        "ring 0418 - 47 00 00 eller +46 418 47 00 00",
        "Vid fara, ring 112. Polisen når du på 114 14 och Trafikverket på 0771-921 921.",
        "NSVA svarar på 010-490 97 00.",
        "Läs mer på https://www.landskrona.se/bygga-och-bo. Eller www.landskrona.se!",
        "(Se https://www.landskrona.se/bad?sida=2#tider)",
        "Skriv till kontaktcenter@landskrona.se, anna.holm@vard.landskrona.se eller info@nsva.se.",
        "Hej Anna! Du kan ansöka om hemtjänst på vår e-tjänst.",
        "Om du har hemtjänst kan du ringa. När du får färdtjänst kommer ett kort.",
        "Vi kan inte lova något, och vi lovar inget i förväg.",
        "Hej ANNA! ÅVC och BVC samt SFI KOMVUX har stängt.",
        "Tack för frågan! Avgiften är 12 000 kr, ärende 2026-001234.",
        "Hej! Org.nr är 212000-1140, bankgiro 123-4567, faktura 20261130-1.",
        "Hej Anna Lindström! Vi sandar i dag.",
        "",
    ],
)
@pytest.mark.parametrize("about", [ANNA, CLIENT], ids=["open", "restricted"])
def test_the_everyday_is_left_in_peace(draft, about):
    """Ordinary answers give no hint, whichever department they come from."""
    assert look_at(draft, about) == []


@pytest.mark.parametrize(
    ("draft", "care", "said"),
    [
        ("Ring Olle på 0418-123 45.", Care.PHONE, "0418-123 45"),
        ("Skriv till olle.svensson@gmail.com!", Care.MAIL, "olle.svensson@gmail.com"),
        ("Skriv till eva@landskrona.se.example.org", Care.MAIL, "eva@landskrona.se.example.org"),
        ("Vi lovar att det blir klart.", Care.PROMISE, "Vi lovar"),
        ("Du kommer inte att få plats.", Care.PROMISE, "kommer inte att få"),
        ("Ansökan kommer att beviljas.", Care.PROMISE, "kommer att beviljas"),
        ("Vi garanterar det.", Care.PROMISE, "garanterar"),
        ("Permits will be granted.", Care.PROMISE, "will be granted"),
        ("DU MÅSTE LÄSA först.", Care.SHOUTING, "DU MÅSTE LÄSA"),
        ("Läs först!!!", Care.SHOUTING, "!!!"),
        ("Se https://landskrona,se/bad.", Care.LINK, "https://landskrona,se/bad"),
        ("Se htpps://landskrona.se", Care.LINK, "htpps://landskrona.se"),
        ("Se https//landskrona.se", Care.LINK, "https//landskrona.se"),
        ("Se www.landskrona", Care.LINK, "www.landskrona"),
        ("Se https://landskrona. se", Care.LINK, "https://landskrona"),
        ("Se https://landskrona.se/lång…", Care.LINK, "https://landskrona.se/lång…"),
        ("Hej Ana!", Care.NAME, "Ana"),
        ("Hej Lisa, tack för frågan.", Care.NAME, "Lisa"),
        ("Din hemtjänst börjar i maj.", Care.HEALTH, "Din hemtjänst"),
        ("Vi vet att Lisa har demens.", Care.HEALTH, "demens"),
        ("Hello, thank you for the question. We will look at it.", Care.LANGUAGE, "en"),
    ],
)
def test_what_needs_a_thought_is_found(draft, care, said):
    """Each kind is found, alone, with the place in the draft, and does not stop the answer."""
    (found,) = look_at(draft, ANNA)
    assert (found.care, found.said) == (care, said)
    assert found.level in ("warn", "tip")


@pytest.mark.parametrize(
    "draft",
    ["Ditt försörjningsstöd är klart.", "Du har hemtjänst sedan maj.", "Din mamma har trygghetslarm",
     "Lisas ångest är bättre nu.", "Hans missbruk är inget vi kan tala om."],
)  # fmt: skip
def test_nobody_is_confirmed_as_a_client(draft):
    """In a restricted department, care or illness said of a person stops the answer."""
    assert kinds(draft, CLIENT) == [Care.CLIENT]
    assert kinds(draft, ANNA) == [Care.HEALTH]


def test_an_illness_alone_is_only_a_warning():
    """A restricted department may speak of an illness in general, after a thought."""
    assert kinds("Vi har en träffpunkt om demens.", CLIENT) == [Care.HEALTH]
    assert kinds("Vi har en träffpunkt om demens.", ANNA) == []


@pytest.mark.parametrize("shown", ["@anna_87", "Landskronabo", "anna.lind", ""])
def test_a_handle_is_no_name_to_be_wrong_about(shown):
    """Who shows no whole name can be greeted by any."""
    assert kinds("Hej Lisa!", replace(ANNA, name=shown)) == []


def test_a_name_the_resident_has_used_is_right():
    """Who signs with another name than the one shown may be greeted by it; André is Andre."""
    assert kinds("Hej Lisa!", replace(ANNA, words="Hälsningar Lisa")) == []
    assert kinds("Hej Andre!", replace(ANNA, name="André Ek")) == []


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Tack för din fråga, vi har öppet på lördag.", "sv"),
        ("Thank you for your question, we are open.", "en"),
        ("شكرا على سؤالك، نحن مفتوحون", "ar"),
        ("Ok!", ""),
        ("https://the-and-to-of.example/you/is/are", ""),
    ],
)
def test_the_language_is_guessed_from_letters_and_common_words(text, language):
    """Swedish, English and Arabic are told apart, and a text too short is not guessed."""
    assert language_of(text) == language


def test_the_residents_language_is_theirs_and_a_neighbours_is_near_enough():
    """English answered in Swedish is asked about, unknown or Danish is not."""
    swedish = "Tack för din fråga, vi har öppet på lördag."
    assert kinds(swedish, replace(ANNA, language="en")) == [Care.LANGUAGE]
    assert kinds(swedish, replace(ANNA, language="", words="When is it open for the kids?")) == [
        Care.LANGUAGE
    ]
    assert kinds(swedish, replace(ANNA, language="da")) == []
    assert kinds(swedish, replace(ANNA, language="", words="?")) == []


def test_only_two_kinds_ask_for_a_reason():
    """An identity number and a confirmed client stop; everything else is advice."""
    everything = "Vi lovar!!! Ring 070-123 45 67, a@b.se. Din hemtjänst. 850709-9805 www.x"
    assert must_ask(look_at(everything, CLIENT)) == [Care.IDENTITY_NUMBER, Care.CLIENT]
    assert must_ask(look_at(everything, ANNA)) == [Care.IDENTITY_NUMBER]
    assert len(list(Override)) == 4


@given(st.text(), st.text(), st.booleans())
def test_any_text_can_be_looked_at(draft, words, restricted):
    """No draft makes the checks fail, and nothing is found twice."""
    found = kinds(draft, About(name=words, words=words, restricted=restricted))
    assert len(found) == len(set(found))


@pytest.mark.parametrize("piece", ["1", "!?", "a@", "AA ", "850709 ", "ring 0", "w.", "0 ", "å"])
def test_a_long_text_takes_no_longer_than_its_length(piece):
    """Five thousand signs of any one kind are looked at in less than half a second."""
    begun = time.process_time()
    look_at((piece * 5000)[:5000], CLIENT)
    assert time.process_time() - begun < 0.5
