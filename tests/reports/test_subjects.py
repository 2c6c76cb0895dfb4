"""What residents write about: counted at night, never a name, and no case one may not see."""

from datetime import timedelta

import pytest

from app.reports.periods import Days
from app.reports.subject_words import names_in, subject_words
from app.reports.subjects import count_subjects, rising
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, put_with, said, take_in

WEEK = timedelta(weeks=1)
TODAY = MONDAY.date()
NOW = Days(TODAY - timedelta(days=27), TODAY)
BEFORE = Days(TODAY - timedelta(days=55), TODAY - timedelta(days=28))


def told(path, staff, department=None):
    """Word, cases now and before, of what has risen."""
    found = rising(path, staff, NOW, BEFORE, department)
    return [(one.word, one.now, one.before) for one in found.rising]


def some(source, count, text, *, back, department="gata-park"):
    """So many residents who write the same so long ago."""
    at = MONDAY - back
    before = len(cases())
    take_in(
        source, *(said(text, at=at, by=f"Invånare {back.days} {text} {n}") for n in range(count))
    )
    for case in cases()[before:]:
        put_with(case, department)


def test_whoever_sees_one_department_gets_no_example_of_another(app, tmp_path):
    """The word and its count are told; the cases only to those who may open them."""
    source = an_account(now=MONDAY)
    some(source, 9, "Gatlampan är trasig", back=timedelta(days=1))
    path = tmp_path / "subjects.json"
    count_subjects(path, now=MONDAY)
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    anna = a_person(now=MONDAY)
    hers = rising(path, petra, NOW, BEFORE, None).rising
    assert {one.word for one in hers} == {"gatlampan", "trasig"}
    assert [one.examples for one in hers] == [(), ()]
    assert told(path, petra, "miljo") == []
    examples = rising(path, anna, NOW, BEFORE, None).rising[0].examples
    assert len(examples) == 3
    assert {one.snippet for one in examples} == {"Gatlampan är trasig"}


def test_what_rises_is_told_and_what_is_as_always_is_not(app, tmp_path):
    """A subject stands there when more write about it than before; one of four cases never."""
    source = an_account(now=MONDAY)
    for weeks in range(8):
        some(source, 6, "Hämtas soporna?", back=weeks * WEEK + timedelta(days=1))
    some(source, 1, "En råtta vid dammen", back=6 * WEEK)
    some(source, 12, "Råttorna är tillbaka", back=WEEK)
    some(source, 4, "Fontänen står stilla", back=WEEK)
    path = tmp_path / "subjects.json"
    anna = a_person(now=MONDAY)
    assert rising(path, anna, NOW, BEFORE, None).made_at is None
    count_subjects(path, now=MONDAY)
    found = told(path, anna)
    assert ("råttorna", 12, 1) in found
    assert not {"fontänen", "sopor", "soporna", "hämtas"} & {word for word, *_ in found}


def test_counting_again_counts_nothing_twice(app, tmp_path):
    """However often it is counted, and whatever comes between, a case is counted once a week."""
    source = an_account(now=MONDAY)
    path, anna = tmp_path / "subjects.json", a_person(now=MONDAY)
    some(source, 8, "Isen på dammen", back=2 * WEEK)
    for later in range(4):
        count_subjects(path, now=MONDAY - 2 * WEEK + timedelta(days=4 * later))
    take_in(
        source, said("Isen, isen, isen", at=MONDAY - 2 * WEEK, by="Invånare 14 Isen på dammen 0")
    )
    some(source, 2, "Isen bär inte", back=timedelta(days=1))
    count_subjects(path, now=MONDAY)
    count_subjects(path, now=MONDAY + timedelta(hours=1))
    assert ("isen", 10, 0) in told(path, anna)


def test_only_public_words_in_swedish_are_counted(app, tmp_path):
    """What is hidden at its source, and what the city writes itself, is left out."""
    from app.channels.base import AtSource

    source = an_account(now=MONDAY)
    at = MONDAY - timedelta(days=2)
    hidden = [
        said("Fontänen läcker", at=at, by=f"A{n}", at_source=AtSource.HIDDEN) for n in range(9)
    ]
    ours = [said("Fontänen lagas", at=at, by=None, by_city=True) for _ in range(9)]
    take_in(source, *hidden, *ours)
    count_subjects(tmp_path / "s.json", now=MONDAY)
    assert told(tmp_path / "s.json", a_person(now=MONDAY)) == []


def test_a_broken_file_is_no_file(app, tmp_path):
    """Half a file, or one of another version, tells nothing and is made anew."""
    path, anna = tmp_path / "s.json", a_person(now=MONDAY)
    for text in ("{", '{"version": 99}', "[]"):
        path.write_text(text)
        assert rising(path, anna, NOW, BEFORE, None).made_at is None
    count_subjects(path, now=MONDAY)
    assert rising(path, anna, NOW, BEFORE, None).made_at == MONDAY


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Rektor Malmgren svarar inte", {"malmgren"}),
        ("rektor andersson svarar inte", {"andersson"}),
        ("Fråga Karin Ek på gatukontoret", {"karin", "ek"}),
        ("Jag har ringt Nord tre gånger", {"nord"}),
        ("Vi bor vid Karlslund och Exercisgatan", {"karlslund"}),
        ("Anna-Lena Holmqvist lovade", {"anna", "lena", "anna-lena", "holmqvist"}),
        ("Ek och sand på nordsidan", set()),
    ],
)
def test_what_is_written_as_a_name_is_no_subject(text, names):
    """After titles and first names, with surnames' endings, or as colleagues are called."""
    assert names_in(text, ("Karin Ek", "Erik Nord", "Ida Sand")) >= names
    assert not names & set(subject_words(text, ("Karin Ek", "Erik Nord", "Ida Sand")).values())


def test_numbers_links_and_addresses_are_no_subjects():
    """Of what points at a person nothing is left, and the writer's own name is not there."""
    text = (
        "Ring 0418-12 34 56 eller 19800101-1234, a.b@example.se, https://x.se/@kalle Mvh Ove Sten"
    )
    assert subject_words(text, ("Ove Sten",)) == {}
    assert list(subject_words("Gatan och gatorna", ()).values()) == ["gatan"]
