"""Templates: who may write them, what stands in them, what the fields become, which fit a case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.answers.templates import (
    FIELDS,
    LONGEST_BODY,
    BadTemplate,
    Wanted,
    count_use,
    fill,
    first_name_of,
    fitting,
    joined,
    may_change_some,
    save,
    switch,
    tightest,
    unknown_fields,
)
from app.database import db, writing
from app.models import Case, Department, Event
from app.models.workbench import Template
from app.people.rights import NotAllowed
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, put_with, said, take_in, the_case

ALL_VALUES = {name: f"<{name}>" for name in FIELDS}


def keep(by, title="Snöröjning", body="Hej {namn}!", number=None, **more):
    """A template, new or changed."""
    return save(number, Wanted(title, body, **more), by=by, now=MONDAY)


def person(role, department=""):
    """Somebody with a role, where handlers have a department."""
    return a_person(role, department=department or ("miljo" * (role == "handler")), now=MONDAY)


def happened():
    """What the ledger says of templates."""
    db.session.commit()
    rows = db.session.scalars(
        select(Event).where(Event.name == "template_changed").order_by(Event.id)
    )
    return [row.details["what"] for row in rows]


# --- Denied first --------------------------------------------------------------------------------


def test_who_only_answers_writes_no_template(app):
    """Customer service, handlers and the whole city's manager can neither write, change nor switch."""
    kept = keep(person("communications"))
    for role in ("customer_service", "handler", "manager"):
        other = person(role)
        for act in (
            lambda other=other: keep(other),
            lambda other=other: keep(other, department="miljo"),
            lambda other=other: keep(other, number=kept.id),
            lambda other=other: switch(kept.id, on=False, by=other, now=MONDAY),
        ):
            with pytest.raises(NotAllowed):
                act()
        assert not may_change_some(other)
    assert happened() == ["written"]


def test_a_manager_writes_the_departments_own_and_no_others(app):
    """A department's manager can neither take, make nor leave a template that is another's."""
    manager = person("manager", "miljo")
    everybodys = keep(person("administrator"))
    anothers = keep(person("communications"), department="gata-park")
    own = keep(manager, department="miljo")
    for act in (
        lambda: keep(manager),
        lambda: keep(manager, department="gata-park"),
        lambda: keep(manager, number=everybodys.id, department="miljo"),
        lambda: keep(manager, number=anothers.id, department="miljo"),
        lambda: keep(manager, number=own.id, department="gata-park"),
        lambda: keep(manager, number=own.id),
        lambda: switch(anothers.id, on=False, by=manager, now=MONDAY),
        lambda: switch(4711, on=False, by=manager, now=MONDAY),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert keep(manager, number=own.id, department="miljo", title="Nytt").title == "Nytt"
    assert not switch(own.id, on=False, by=manager, now=MONDAY).active


def test_somebody_who_has_left_writes_nothing(app):
    """A person who is switched off may not change templates any more."""
    erik = person("communications")
    with writing():
        db.session.merge(erik).active = False
    with pytest.raises(NotAllowed):
        keep(db.session.get_one(type(erik), erik.id))


FAULTS = [
    ({"title": "  "}, "title"),
    ({"title": "x" * 121}, "long_title"),
    ({"body": "\n "}, "body"),
    ({"body": "x" * (LONGEST_BODY + 1)}, "long"),
    ({"department": "månen"}, "department"),
    ({"kind": "skvaller"}, "kind"),
    ({"language": "xx"}, "language"),
    ({"body": "Hej {efternamn}!"}, "field"),
    ({"body": "Hej {{ namn }}!"}, "field"),
    ({"body": "Hej {Namn}!"}, "field"),
    ({"body": "Hej {namn"}, "field"),
    ({"body": "Hej namn}"}, "field"),
    ({"body": "{% if 1 %}"}, "field"),
]


def test_a_template_that_cannot_be_used_is_not_kept(app):
    """What is missing, too long or not there is named, and nothing is kept."""
    erik = person("communications")
    for wrong, why in FAULTS:
        with pytest.raises(BadTemplate) as caught:
            keep(erik, **wrong)
        assert (wrong, caught.value.why) == (wrong, why)
    assert db.session.scalars(select(Template)).all() == []


def test_a_closed_department_gets_no_new_template_but_keeps_its_own(app):
    """A template of a department that has closed can still be corrected; no new one is written."""
    erik = person("communications")
    kept = keep(erik, department="miljo")
    with writing():
        db.session.scalars(select(Department).where(Department.slug == "miljo")).one().open = False
    assert keep(erik, number=kept.id, department="miljo", title="Rättad").title == "Rättad"
    with pytest.raises(BadTemplate):
        keep(erik, department="miljo")


def test_the_ledger_holds_each_change(app):
    """Writing, changing and switching are events; switching to what it is already is none."""
    erik = person("communications")
    kept = keep(erik)
    keep(erik, number=kept.id, title="Annat")
    for on in (False, False, True):
        switch(kept.id, on=on, by=erik, now=MONDAY)
    assert happened() == ["written", "changed", "off", "on"]
    assert (kept.changed_by_id, kept.changed_at) == (erik.id, MONDAY)


# --- Fields --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "without", "with_name"),
    [
        ("Hej {namn}!", "Hej!", "Hej Maria!"),
        ("Hej {namn}, tack", "Hej, tack", "Hej Maria, tack"),
        ("Hej, {namn}!", "Hej!", "Hej, Maria!"),
        ("Tack, {namn}, för det", "Tack för det", "Tack, Maria, för det"),
        ("{namn}, tack för det", "Tack för det", "Maria, tack för det"),
        ("Hej!\n{namn}, åter", "Hej!\nÅter", "Hej!\nMaria, åter"),
        ("Vi hörs, {namn}.", "Vi hörs.", "Vi hörs, Maria."),
    ],
)
def test_a_name_that_is_not_there_takes_its_comma_with_it(text, without, with_name):
    """The text reads well with and without the resident's name."""
    assert fill(text, {"namn": ""}) == without
    assert fill(text, {"namn": "Maria"}) == with_name


def test_every_field_is_filled():
    """Each of the fields becomes its value, as often as it stands there."""
    text = " ".join(f"{{{name}}}" for name in FIELDS) + " {stad}"
    assert fill(text, ALL_VALUES) == " ".join(ALL_VALUES.values()) + " <stad>"


TRICKS = ["{stad}", "{{7*7}}", "{% raw %}", "\\1", "\\g<name>", "%(x)s", "{namn}", "$x", "{", "}"]


@given(
    st.lists(st.sampled_from([*(f"{{{name}}}" for name in FIELDS), ", ", "\n", "ord", "!"])),
    st.dictionaries(
        st.sampled_from(FIELDS), st.one_of(st.sampled_from(TRICKS), st.text(max_size=12))
    ),
)
def test_a_value_smuggles_nothing_in(pieces, values):
    """Every value comes out as it is, on one line: it is never itself read as a field."""
    marks = {name: f"⟦{name}⟧" for name in FIELDS if " ".join(values.get(name, "").split())}
    filled = fill("x" + "".join(pieces), marks)
    for name, mark in marks.items():
        filled = filled.replace(mark, " ".join(values[name].split()))
    assert fill("x" + "".join(pieces), values) == filled.strip()


@given(st.text(max_size=80))
def test_what_is_kept_has_known_fields_only(text):
    """A text without unknown fields has no brace left when its fields are filled."""
    if not unknown_fields(text):
        assert not set("{}") & set(fill(text, dict.fromkeys(FIELDS, "x")))


@given(st.text(max_size=200))
def test_a_name_is_one_word_of_letters(shown):
    """Whatever a resident calls themselves, what is used of it is '' or letters and hyphens."""
    name = first_name_of(shown)
    assert name == "" or (name == shown.split()[0] and len(name) <= 20)
    assert all(letter.isalpha() or letter in "-'’" for letter in name)


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        ("Maria Lindqvist", "Maria"),
        ("  Ann-Marie Ek", "Ann-Marie"),
        ("D'Angelo R", "D'Angelo"),
        ("Åsa Ek", "Åsa"),
        ("Fatima", "Fatima"),
        ("Dottern", ""),
        ("سمير خوري", "سمير"),
        ("@havsvind_bst", ""),
        ("skanebo72", ""),
        ("kalle", ""),
        ("KALLE ANKA", ""),
        ("SolStrålen", ""),
        ("🌻 Maria", ""),
        ("Familjen Ek", ""),
        ("M", ""),
        ("Maria: klicka", ""),
        ("{stad}", ""),
        ("", ""),
    ],
)
def test_only_what_looks_like_a_name_is_one(shown, name):
    """A handle, a shout, a flower and a family are nobody's first name."""
    assert first_name_of(shown) == name


@pytest.mark.parametrize(
    ("typed", "whole"),
    [
        ("", "Svar."),
        ("  \n", "Svar."),
        ("Jag har skrivit", "Jag har skrivit\n\nSvar."),
        ("@Maria ", "@Maria Svar."),
        ("@Maria hej\nmer", "@Maria hej\nmer\n\nSvar."),
    ],
)
def test_what_is_typed_stays_whole(typed, whole):
    """A text is put after what somebody has typed; with an addressing alone on its line."""
    assert joined(typed, "Svar.") == whole


def test_the_tightest_channel_decides_the_length(app):
    """Of the city's accounts the one with least room is told, by its own count."""
    assert tightest("hej", {}) is None
    an_account("facebook", now=MONDAY)
    an_account("x", now=MONDAY)
    name, weight = tightest("Läs på https://landskrona.se/en/ganska/lang/adress/dar", {})
    assert (name, weight.used, weight.most) == ("x", 30, 280)


# --- Which fit -----------------------------------------------------------------------------------


@pytest.fixture
def case(app):
    """A question in English, with the environment department."""
    take_in(an_account(now=MONDAY), said("Are there rats?", at=MONDAY))
    put_with(the_case(), "miljo")
    with writing():
        row = db.session.get_one(Case, the_case().id)
        row.kind, row.language = "fråga", "en"
    return the_case()


def titles(found):
    """What was found, in order."""
    return [one.title for one in found]


def test_the_best_fitting_come_first(case):
    """Language before department before kind; other departments' and kinds' are left out."""
    erik = person("communications")
    keep(erik, "Alla sv")
    keep(erik, "Miljö sv fråga", department="miljo", kind="fråga")
    keep(erik, "Miljö sv", department="miljo")
    keep(erik, "Miljö beröm", department="miljo", kind="beröm")
    keep(erik, "Gata", department="gata-park", language="en")
    keep(erik, "All en", language="en")
    off = keep(erik, "Av", department="miljo", language="en")
    switch(off.id, on=False, by=erik, now=MONDAY)
    assert titles(fitting(case, "en")) == ["All en", "Miljö sv fråga", "Miljö sv", "Alla sv"]


def test_a_search_finds_every_template_by_its_words(case):
    """Searching finds other departments' as well, whatever the capitals; what is off stays off."""
    erik = person("communications")
    keep(erik, "Ökad Snöröjning", "Vi plogar.", department="gata-park")
    off = keep(erik, "Snöröjning förr")
    switch(off.id, on=False, by=erik, now=MONDAY)
    assert titles(fitting(case, "sv", "SNÖRÖJ plogar")) == ["Ökad Snöröjning"]
    assert titles(fitting(case, "sv", "ÖKAD")) == ["Ökad Snöröjning"]
    assert titles(fitting(case, "sv", "% _")) == []
    assert titles(fitting(case, "sv", "badet")) == []


def test_use_is_counted_and_the_used_come_first(case):
    """Of two that fit alike the one that is used more stands first; none that is off is counted."""
    erik = person("communications")
    keep(erik, "A")
    used = keep(erik, "B")
    count_use(used.id)
    switch(keep(erik, "C").id, on=False, by=erik, now=MONDAY)
    count_use(4711)
    db.session.expire_all()
    assert titles(fitting(case, "sv")) == ["B", "A"]
    assert db.session.get_one(Template, used.id).used == 1
