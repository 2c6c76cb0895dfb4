"""Search finds every word that a person may see, on both databases the same, and nothing else."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import update

from app.basics import search_words
from app.basics.search_words import forms_of
from app.channels.base import AtSource, PersonSeen, PostSeen
from app.commands import use_migrations
from app.database import db, writing
from app.inbox.handle import write_note
from app.inbox.receive import mark_removed
from app.inbox.sealed import take_words_out
from app.inbox.search import A_PAGE, Where, Wish, search
from app.inbox.search_earlier import take_in_missing
from app.inbox.wishes import View
from app.models import Case, Message
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, messages, put_with, said, take_in, the_case

MINUTE = timedelta(minutes=1)
AFTER = int((MONDAY + 12 * MINUTE).timestamp()) << 31


def found(staff, text, **more):
    """The texts of the hits, newest first."""
    db.session.commit()
    hits = search(staff, Wish(text, **more), case_prefix="LA").hits
    return ["".join(piece for piece, _hit in hit.pieces) for hit in hits]


@pytest.fixture
def source(app):
    """A connected account."""
    return an_account(now=MONDAY)


@pytest.fixture
def two_departments(source):
    """Rats at the environment's department, with a hidden and an edited word at the streets'."""
    take_in(source, said("Råttor vid dammen", at=MONDAY, by="A"))
    take_in(source, said("Före råttor", at=MONDAY + MINUTE, by="B", number="7"))
    take_in(source, said("Efter råttor", at=MONDAY + MINUTE, by="B", number="7"))
    take_in(source, said("Dolda råttor", at=MONDAY + 2 * MINUTE, by="C", at_source=AtSource.HIDDEN))
    rats, edited, hidden = cases()
    put_with(rats, "miljo")
    put_with(edited, "gata-park")
    put_with(hidden, "gata-park")
    return rats, edited, hidden


def test_a_handler_never_finds_another_departments_case(app, two_departments):
    """Neither words, names, links nor numbers of another department's case lead to it."""
    _rats, edited, hidden = two_departments
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    assert found(petra, "råttor") == ["Råttor vid dammen"]
    for asked in ("efter", "dolda", "B", str(edited.id), f"LA-2026-{hidden.id}"):
        result = search(petra, Wish(asked), case_prefix="LA")
        assert (result.hits, result.case, result.count) == ([], None, 0), asked
    assert found(petra, "https://x.se/p1") == ["Råttor vid dammen"]
    assert search(petra, Wish("råttor"), case_prefix="LA").count == 1


def test_somebody_switched_off_finds_nothing(app, two_departments):
    """A person who may read no cases finds none."""
    anna = a_person(now=MONDAY)
    with writing():
        anna.active = False
    assert found(anna, "råttor") == []


def test_earlier_texts_are_found_by_those_who_may_see_the_case(app, two_departments):
    """A word that was edited away leads another department's handler nowhere, and others to it."""
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    for asked in ("före", "efter"):
        assert search(petra, Wish(asked), case_prefix="LA").count == 0
    for role in ("customer_service", "administrator"):
        person = a_person(role, now=MONDAY)
        (hit,) = search(person, Wish("före"), case_prefix="LA").hits
        assert (hit.is_earlier, "".join(text for text, _is_hit in hit.pieces)) == (
            True, "Före råttor",
        )  # fmt: skip
        assert hit.at == MONDAY + MINUTE + timedelta(seconds=30)
        assert found(person, "efter") == ["Efter råttor"]
        assert not search(person, Wish("efter"), case_prefix="LA").hits[0].is_earlier


def test_what_a_message_still_says_is_found_once(app, source):
    """A word that stayed through two edits is one hit, one that went is one, its newest text."""
    anna = a_person(now=MONDAY)
    for text in ("Råttor och hål", "Råttor och ett hål", "Råttor igen"):
        take_in(source, said(text, at=MONDAY, by="B", number="7"))
    assert found(anna, "råttor") == ["Råttor igen"]
    assert found(anna, "hål") == ["Råttor och ett hål"]
    assert found(anna, '"råttor och hål"') == ["Råttor och hål"]
    assert found(anna, "hål -råttor") == []
    wish = Wish("hål", where=Where.OUT_OF_VIEW)
    assert search(anna, wish, case_prefix="LA").count == 1
    for where in (Where.NOTES, Where.ANSWERS):
        assert search(anna, Wish("hål", where=where), case_prefix="LA").count == 0


def test_earlier_texts_fill_pages_as_everything_does(app, source):
    """Forty edited away among five that stand: every hit comes once, newest first."""
    anna = a_person(now=MONDAY)
    first = [
        said("Snö", at=MONDAY + number * MINUTE, by=f"P{number}", number=str(number))
        for number in range(45)
    ]
    take_in(source, *first)
    edited = [replace(one, text="Is") for one in first[5:]]
    take_in(source, *edited[:20], now=MONDAY + timedelta(hours=2))
    take_in(source, *edited[20:], now=MONDAY + timedelta(hours=3))
    seen, after = [], None
    while True:
        page = search(anna, Wish("snö", after=after), case_prefix="LA")
        seen += [(hit.at, hit.message.id) for hit in page.hits]
        after = page.next_after
        if after is None:
            break
    assert page.count == len(seen) == len(set(seen)) == 45
    assert [at for at, _number in seen] == sorted((at for at, _number in seen), reverse=True)


def test_what_must_not_be_kept_is_found_in_no_text(app, two_departments):
    """Sealed, a message's words are found neither as they stood last nor as they stood before."""
    anna = a_person(now=MONDAY)
    edited = next(one for one in messages() if one.text == "Efter råttor")
    with writing():
        take_words_out(edited)
    assert found(anna, "före") == found(anna, "efter") == []
    assert take_in_missing() == 0
    assert search(anna, Wish("före"), case_prefix="LA").count == 0


@pytest.mark.once
def test_a_search_in_few_cases_finds_what_it_finds_in_all(app, source, monkeypatch):
    """Looked through by cases or by words, a filter leaves the same hits in the same order."""
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    anna = a_person(now=MONDAY)
    take_in(source, *(said("Och snö", at=MONDAY + n * MINUTE, by=f"P{n}") for n in range(24)))
    for case in cases()[::3]:
        put_with(case, "miljo")
        write_note(case.id, body="Snö och is", by=petra, now=MONDAY)

    def everything():
        pages = []
        for who in (anna, petra):
            for more in (
                {},
                {"department": "miljo"},
                {"channel": "x"},
                {"after": AFTER},
            ):
                page = search(who, Wish("och", **more), case_prefix="LA")
                pages.append((page.count, [(hit.at, hit.case.id) for hit in page.hits]))
        return pages

    by_words = everything()
    assert by_words[1][0] == 16
    assert by_words[2] == (0, [])
    monkeypatch.setattr("app.inbox.search.COMMON", 0)
    monkeypatch.setattr("app.inbox.search.FEW_AMONG", 1000)
    assert everything() == by_words


def test_common_words_are_found_as_rare_ones_are(app, source, monkeypatch):
    """Read newest first, known to be common, or by the index: what has the words is found."""
    monkeypatch.setattr("app.inbox.search.COUNT_TO", 1)
    anna, petra = a_person(now=MONDAY), a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    one, other = "Och snö faller, och is", "Och is på gatan, katter"
    told = [said(other if n % 2 else one, at=MONDAY + n * MINUTE, by=f"P{n}") for n in range(1, 49)]
    take_in(source, *told, said("Katter i snö", at=MONDAY))
    if db.engine.name == "postgresql":  # the statistics know no form that comes later
        db.session.connection().exec_driver_sql("ANALYZE search_messages")
        db.session.commit()
    late = ("Ochs katten", "Snö och is och faller", "Isen på gator och torg")
    take_in(source, *(said(words, at=MONDAY + 60 * MINUTE, by=words[-3:]) for words in late))
    own = {case.id for case in cases()[::6]}
    for case in cases()[::6]:
        put_with(case, "miljo")
    newest_first = sorted(messages(), key=lambda one: (one.published_at, one.id), reverse=True)
    for asked in (
        "och", "ochs bil", "och snö", "katter snö", "är -snö", "katt och", "is -ochs", "och -gata",
        '"faller och"', '"och faller"', 'is -"snö faller"', 'is -"isen på"', "x och", "och gat",
    ):  # fmt: skip
        for who in (anna, petra):
            wish = Wish(asked, after=(1 << 62) - 1)
            counted = search(who, wish, case_prefix="LA").count
            hits = []
            while wish.after:
                page = search(who, wish, case_prefix="LA")
                hits += [hit.message.id for hit in page.hits]
                wish = replace(wish, after=page.next_after)
            fitting = [
                one.id for one in newest_first
                if search_words.read(asked).fits(f"{one.text} {one.author_name}")
                and (who is anna or one.case_id in own)
            ]  # fmt: skip
            assert (hits, counted) == (fitting, min(len(fitting), 2)), asked


def test_notes_of_a_restricted_department_are_found_by_its_own_people_only(app, source):
    """Customer service finds other notes, but not those; their own handler does."""
    take_in(source, said("Om mamma", at=MONDAY, by="A"), said("Om gatan", at=MONDAY, by="B"))
    mother, street = cases()
    put_with(mother, "omsorg")
    put_with(street, "gata-park")
    lena = a_person("handler", "Lena Vik", "omsorg", now=MONDAY)
    anna = a_person(now=MONDAY)
    write_note(mother.id, body="Hemlig bedömning", by=lena, now=MONDAY)
    write_note(street.id, body="Vanlig bedömning", by=anna, now=MONDAY)
    assert found(anna, "bedömning") == ["Vanlig bedömning"]
    assert found(lena, "bedömningar") == ["Hemlig bedömning"]
    assert search(anna, Wish("bedömning"), case_prefix="LA").count == 1


def test_a_note_is_closed_when_its_case_moves_to_a_restricted_department(app, source):
    """What one could find yesterday one cannot find once its case lies where notes are closed."""
    take_in(source, said("Om mamma", at=MONDAY))
    anna = a_person(now=MONDAY)
    write_note(the_case().id, body="Ring tillbaka", by=anna, now=MONDAY)
    assert found(anna, "ring") == ["Ring tillbaka"]
    put_with(the_case(), "omsorg")
    assert found(anna, "ring") == []


def test_hidden_and_removed_words_are_found_where_one_may_see_them(app, source, two_departments):
    """Hidden words, and those gone from the platform, are still found by who sees their case."""
    anna = a_person(now=MONDAY)
    with writing():
        mark_removed(source, ["7"], now=MONDAY + 3 * MINUTE)
    assert found(anna, "råttor") == ["Dolda råttor", "Efter råttor", "Råttor vid dammen"]


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        ("råtta", True), ("RÅTTORNAS", True), ("råtto", True), ("rått", True), ("gatan", True),
        ("gata", True), ("snö", True), ("gatorna lagades", True), ('"gatan vid"', True),
        ('"vid gatan"', False), ("råttor -gatan", False), ("råttor -katter", True), ("vi", False),
        ("katter", False), ("råttor katter", False), ("laga", True), ("maria", True),
        ("lindqvist råttor", True), ("åsa", True), ("3 500", True), ("gata/park", True),
    ],
)  # fmt: skip
def test_swedish_endings_are_followed(app, source, asked, fits):
    """Any form finds every form, the last word may be begun only, quotes are taken at their word."""
    words = "Råttorna på gatan vid snöröjningen, ÅSA! Laga den (3500 kr, 3 500) gata/park"
    take_in(source, said(words, at=MONDAY))
    assert bool(found(a_person(now=MONDAY), asked)) == fits


def test_forms_of_a_word_are_its_own():
    """A bil is no bild, and gatan is a gata."""
    assert {"bil", "bilar", "bilarnas", "bilen"} <= forms_of("bilarna")
    assert not {"bild", "bilder", "bilaga"} & forms_of("bil")
    assert {"gata", "gator", "gatornas", "gatan"} <= forms_of("gatan")
    assert "gatan" in forms_of("gator")


def test_handles_links_and_numbers_are_found(app, source):
    """A handle, a comment's or a post's address as it was copied, a reference in any of its forms."""
    post = PostSeen("p9", "Vinter", "Snön", "https://www.stad.example/inlagg/9/")
    one = replace(
        said("Det är halt", at=MONDAY, under=post),
        author=PersonSeen("id:9", "Bo", handle="bo.jornas_9"),
        url="https://www.stad.example/inlagg/9/?kommentar=71#c71",
    )
    take_in(source, one, said("Något annat", at=MONDAY))
    anna = a_person(now=MONDAY)
    icy = next(case for case in cases() if case.snippet == "Det är halt")
    for asked in (
        "@bo.jornas_9", "bo.jornas_9", "https://www.stad.example/inlagg/9/",
        "http://stad.example/inlagg/9", "www.stad.example/inlagg/9/?kommentar=71#c71",
    ):  # fmt: skip
        assert found(anna, asked) == ["Det är halt"], asked
    for asked in (f"LA-2026-{icy.id}", f"la-2026-{icy.id}", f" 2026-{icy.id} ", str(icy.id)):
        named = search(anna, Wish(asked), case_prefix="LA").case
        assert named is not None, asked
        assert named.id == icy.id
    assert search(anna, Wish(f"LA-2019-{icy.id}"), case_prefix="LA").case is None


@pytest.mark.parametrize(
    "asked",
    [
        "", " ", '"', '""', '"råttor', "*", "råttor*", "-", "--", "- -", "-råttor", "OR", "AND NOT",
        "NEAR(a b)", "words:x", "%", "_", "a%b_c", "\x00", "rått\x00or", "'", "';--", "\\", "(", "^", "{a}",
        "a & b | !c", "<->", "råttor:*", "x" * 10_000, "rått " * 2_000, "مرحبا بالعالم", "שלום", "🐀",
        "e\u0301", "\ud7ff\u200f\u202e", "99999999999999999999", "LA-2026-999999999", "https://", "www.",
        "https://" + "a/" * 5_000, "https://x.se/'\"*", "„citat”", "½ ² ⅷ ٣", "a\nb\tc",
    ],
)  # fmt: skip
def test_anything_typed_is_searched_for(app, source, asked):
    """No sign and no length is a mistake: there are hits or there are none."""
    take_in(source, said("Råttor vid dammen, مرحبا بالعالم", at=MONDAY))
    anna = a_person(now=MONDAY)
    hits = found(anna, asked)
    assert len(hits) <= 1
    if "rått" in asked or "مرحبا" in asked:
        assert bool(hits) == ("\x00" not in asked), asked


def test_filters_narrow(app, source):
    """Open or done, a channel and a department leave what fits all of them."""
    take_in(source, said("Råttor ett", at=MONDAY, by="A"), said("Råttor två", at=MONDAY, by="B"))
    one, two = cases()
    put_with(one, "miljo")
    with writing():
        values = {"state": "closed", "is_open": False, "outcome": "answered"}
        db.session.execute(update(Case).where(Case.id == two.id).values(**values))
    anna = a_person(now=MONDAY)
    assert found(anna, "råttor", view=View.OPEN) == ["Råttor ett"]
    assert found(anna, "råttor", view=View.DONE) == ["Råttor två"]
    assert found(anna, "råttor", department="miljo") == ["Råttor ett"]
    assert found(anna, "råttor", channel="x") == []
    assert len(found(anna, "råttor", channel="wordpress")) == 2


def test_pages_follow_each_other_newest_first(app, source):
    """Every hit comes once, in the order of the platform's time, however many came in one second."""
    minutes = [n // 3 for n in range(2 * A_PAGE + 5)]
    told = [said(f"Råttor {n}", at=MONDAY + m * MINUTE, by=f"P{n}") for n, m in enumerate(minutes)]
    take_in(source, *reversed(told))
    anna = a_person(now=MONDAY)
    write_note(cases()[0].id, body="Råttor igen", by=anna, now=MONDAY + timedelta(days=1))
    for asked in ("råtta", "https://x.se/p1"):
        after, pages = None, []
        while True:
            page = search(anna, Wish(asked, after=after), case_prefix="LA")
            pages.append(page.hits)
            after = page.next_after
            if after is None:
                break
        hits = [hit for some in pages for hit in some]
        messages = len({hit.message.id for hit in hits if hit.message})
        assert messages == 2 * A_PAGE + 5
        assert page.count == len(hits) == messages + (asked == "råtta")
        assert [hit.at for hit in hits] == sorted((hit.at for hit in hits), reverse=True)


def test_what_is_shown_is_marked_and_masked(app, source):
    """The piece around the hit is shown with it marked, and personal numbers are not."""
    long = "ord " * 200 + "där sprang råttan <b>fort</b> förbi 19121212-1212 " + "ord " * 200
    take_in(source, said(long, at=MONDAY))
    (hit,) = search(a_person(now=MONDAY), Wish("råttor"), case_prefix="LA").hits
    assert [piece for piece, is_hit in hit.pieces if is_hit] == ["råttan"]
    whole = "".join(piece for piece, _hit in hit.pieces)
    assert len(whole) < 300
    assert "<b>fort</b>" in whole
    assert "1212-1212" not in whole


def test_a_changed_name_and_a_moved_time_are_followed(app, source):
    """A person's new name finds what they wrote before; a time put right moves the hit."""
    take_in(source, said("Ett", at=MONDAY, by="A"), said("Två", at=MONDAY + MINUTE, by="B"))
    renamed = replace(
        said("Tre", at=MONDAY + 2 * MINUTE, by="A"), author=PersonSeen("id:A", "Zlatan")
    )
    take_in(source, renamed)
    anna = a_person(now=MONDAY)
    assert found(anna, "zlatan") == ["Tre", "Ett"]
    with writing():
        at = MONDAY + timedelta(hours=1)
        db.session.execute(update(Message).where(Message.text == "Ett").values(published_at=at))
    assert found(anna, "zlatan") == ["Ett", "Tre"]


def test_the_migration_takes_in_what_is_there(app, source):
    """Words from before the index are found, and back and forth loses none, earlier ones by night."""
    take_in(source, said("Råttor", at=MONDAY))
    take_in(source, replace(said("Långt", at=MONDAY, by="B"), text="råtta " + "ö1é " * 300_000))
    anna = a_person(now=MONDAY)
    write_note(cases()[0].id, body="Råtta", by=anna, now=MONDAY)
    for text in ("Möss", "Hål", "Sorkar"):
        take_in(source, said(text, at=MONDAY, by="C", number="9"))
    use_migrations(app)
    db.session.remove()
    downgrade(revision="0003")
    upgrade()
    assert found(anna, "möss") == []
    assert (take_in_missing(), take_in_missing()) == (2, 0)
    assert found(anna, "möss") == ["Möss"]
    assert len(found(anna, "råttor")) == 3
    assert len(found(anna, "maria")) == 1


def test_a_search_can_be_kept_to_one_kind_of_words(app, source):
    """Residents' words, the city's, notes, and what is out of view are found each by itself."""
    anna = a_person(now=MONDAY)
    take_in(source, said("Brunt vatten", at=MONDAY))
    take_in(source, said("Vatten som luktar", at=MONDAY, at_source=AtSource.HIDDEN))
    write_note(the_case().id, body="Vatten och avfall vet", by=anna, now=MONDAY)
    counted = {
        where: search(anna, Wish("vatten", where=where), case_prefix="LA").count for where in Where
    }
    assert counted == {
        Where.EVERYWHERE: 3,
        Where.RESIDENTS: 2,
        Where.ANSWERS: 0,
        Where.NOTES: 1,
        Where.OUT_OF_VIEW: 1,
    }


def test_nothing_older_than_the_day_asked_for_is_found(app, source):
    """`since` keeps what was said before it out, to the second."""
    anna = a_person(now=MONDAY)
    for minutes in (0, 1, 2):
        at = MONDAY + timedelta(minutes=minutes)
        take_in(source, said(f"Halka nummer {minutes}", at=at))
    wish = Wish("halka", since=MONDAY + timedelta(minutes=1))
    assert search(anna, wish, case_prefix="LA").count == 2
