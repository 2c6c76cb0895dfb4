"""Learning from corrections: what is kept, what is trained, and what is not taken into use."""

import pytest

from app.database import db
from app.models import Case, Correction, Event, Training
from app.people.rights import NotAllowed
from app.routing import kept_model, learn
from app.routing.kept_model import before_path, router_in_use, take_into_use, taught_path
from app.routing.route import route_waiting
from app.routing.transfer import hand_back, reroute
from classifiers import departments
from classifiers.corpus import Example, corpus_version
from classifiers.suggest import Text
from classifiers.train import train
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, said, take_in, the_case
from tests.routing.conftest import small_examples

DEV = [
    Example(Text("Lampan på gatan lyser inte"), "gata-park", "felanmälan"),
    Example(Text("Min son fick ingen mat på skolan"), "utbildning", "synpunkt"),
    Example(Text("Soptunnan står kvar full"), "vatten-avfall", "felanmälan"),
    Example(Text("Tack allihop"), "ingen", "beröm"),
]
MATERIAL = learn.Material(small_examples(), DEV)


def corrected(count, *, to="utbildning", word="fritidsgården", start=0):
    """So many cases that a person moved, each in words of its own."""
    source, anna = an_account(now=MONDAY), a_person(now=MONDAY)
    for number in range(start, start + count):
        text = f"Fråga nummer {number} om {word}"
        take_in(source, said(text, at=MONDAY, by=f"Person {number}"))
    for case in db.session.query(Case).filter(Case.account_id == source.account_id).all():
        reroute(case.id, to=to, by=anna, now=MONDAY)


def taught(app):
    """One training with the small material."""
    return learn.learn(app.config, now=lambda: MONDAY, material=MATERIAL)


@pytest.fixture(autouse=True)
def small_model_in_use(app):
    """The model in use is the small one."""
    take_into_use(app.config, train(small_examples(), version="liten"))


def test_only_those_who_may_can_go_back(app):
    """Customer service cannot change the model in use."""
    with pytest.raises(NotAllowed):
        learn.go_back(app.config, now=MONDAY, by=a_person(now=MONDAY))


def test_a_correction_is_kept_without_personal_data(app):
    """What is kept for training holds no number, address, handle or name of those who wrote."""
    source, anna = an_account(now=MONDAY), a_person(now=MONDAY)
    text = (
        "Jag heter Maria Lindqvist 19121212-1212, ring 070-123 45 67 eller maria@post.example,"
        " bilen ABC123, se https://x.example/maria @granne_lotta"
    )
    take_in(source, said(text, at=MONDAY, by="Maria Lindqvist"))
    reroute(the_case().id, to="miljo", by=anna, now=MONDAY)
    kept = db.session.query(Correction).one()
    for secret in ("Maria", "Lindqvist", "1212", "123 45", "post.example", "ABC", "lotta", "https"):
        assert secret not in kept.text
    assert "bilen" in kept.text
    assert kept.channel == "wordpress"
    assert "plogar" in kept.post


def test_the_citys_own_name_is_no_secret(app):
    """The name of an account that the city itself writes under stays in what residents say."""
    source = an_account(now=MONDAY)
    take_in(
        source,
        said("Välkomna", at=MONDAY, by="Landskrona stad", by_city=True),
        said("Varför plogar inte Landskrona stad", at=MONDAY, by="Bo Ek"),
    )
    reroute(the_case().id, to="miljo", by=a_person(now=MONDAY), now=MONDAY)
    assert "Landskrona stad" in db.session.query(Correction).one().text


def test_corrections_follow_a_renamed_department(app, tmp_path, monkeypatch):
    """What was corrected to a department under its old slug is an example of the new one."""
    corrected(1, to="miljo")
    path = tmp_path / "departments.toml"
    text = departments.DEPARTMENTS.read_text(encoding="utf-8")
    text = text.replace('slug = "miljo"', 'slug = "halsa"\nformerly = ["miljo"]')
    path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(departments, "DEPARTMENTS", path)
    (example,) = learn.corrections_as_examples().examples
    assert example.department == "halsa"


def test_what_people_corrected_is_learnt(app):
    """After training, a message of the kind that people moved goes where they moved it."""
    question = [Text("Frågan om fritidsgården igen")]
    corrected(20)
    training = taught(app)
    assert training.accepted, training.figures
    assert training.corrections == 16
    assert training.figures["recent_count"] == 4
    assert training.figures["recent"][1] == 4
    assert router_in_use(app.config).suggest(question)[0].department == "utbildning"
    assert db.session.query(Event).filter_by(name="model_trained").count() == 1


def test_the_newest_fifth_is_not_trained_on(app):
    """The examination is on corrections that the new model has not seen."""
    corrected(16)
    corrected(4, to="vatten-avfall", word="kvartersbastun", start=16)
    training = taught(app)
    assert training.figures["recent"] == [0, 0]


def test_a_worse_model_is_refused_and_the_old_one_kept(app):
    """Corrections that teach wrong things make a model that is not taken into use."""
    source, anna = an_account(now=MONDAY), a_person(now=MONDAY)
    for number, example in enumerate(DEV * 3):
        take_in(source, said(f"{example.text.text} {number}", at=MONDAY, by=f"P {number}"))
    wrong = {"gata-park": "ingen", "utbildning": "gata-park", "vatten-avfall": "utbildning"}
    for number, case in enumerate(db.session.query(Case).order_by(Case.id)):
        slug = wrong.get(DEV[number % 4].department, "vatten-avfall")
        reroute(case.id, to=slug, by=anna, now=MONDAY)
    training = taught(app)
    assert not training.accepted
    assert training.reason == "right_less_often"
    assert router_in_use(app.config).version == "liten"
    assert db.session.query(Event).filter_by(name="model_refused").count() == 1


def test_the_old_model_is_one_step_away(app):
    """Going back takes the model before into use, and going back again the newer one."""
    corrected(20)
    version = taught(app).version
    assert learn.go_back(app.config, now=MONDAY) == "liten"
    assert router_in_use(app.config).version == "liten"
    assert learn.go_back(app.config, now=MONDAY) == version
    assert router_in_use(app.config).version == version


def test_with_nothing_before_there_is_no_way_back(app):
    """Without an earlier model, going back says so and changes nothing."""
    before_path(app.config).unlink(missing_ok=True)
    with pytest.raises(learn.NoModelBefore):
        learn.go_back(app.config, now=MONDAY)
    assert router_in_use(app.config).version == "liten"


def test_a_broken_taught_model_is_passed_over(app):
    """A taught model that cannot be read does not stop routing: the one of set-up is used."""
    app.config["MODEL_PATH"] = ""
    path = taught_path(app.config)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"not a model")
    assert router_in_use(app.config).version != "liten"


def test_training_is_due_when_there_is_something_new(app):
    """Due with a first correction, not after the training, due again with the next; and when the
    model in use is of another corpus or departments' file."""
    assert learn.is_due(app.config)
    take_into_use(app.config, train(small_examples(), version=corpus_version()))
    assert not learn.is_due(app.config)
    corrected(5)
    assert learn.is_due(app.config)
    taught(app)
    assert not learn.is_due(app.config)
    corrected(1, start=50)
    assert learn.is_due(app.config)


def test_only_the_last_word_on_a_case_counts(app):
    """A case moved twice is one example, with the department where it was left."""
    corrected(1)
    case_id = db.session.query(Correction).one().case_id
    anna = a_person(now=MONDAY)
    hand_back(case_id, by=anna, now=MONDAY)
    reroute(case_id, to="miljo", by=anna, now=MONDAY)
    (example,) = learn.corrections_as_examples().examples
    assert example.department == "miljo"


def test_a_new_model_is_used_by_a_running_process(app):
    """The process that routes takes up a new model without being started again."""
    seen = router_in_use(app.config).version
    take_into_use(app.config, train(small_examples(), version="nyare"))
    assert (seen, router_in_use(app.config).version) == ("liten", "nyare")


def test_a_phrase_written_in_the_file_works_in_a_running_process(app, tmp_path, monkeypatch):
    """A department added to the file draws what is like its phrases, with no training or restart."""
    path = tmp_path / "departments.toml"
    path.write_text(departments.DEPARTMENTS.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(departments, "DEPARTMENTS", path)
    monkeypatch.setattr(kept_model, "DEPARTMENTS", path)
    question = [Text("Båtplatsen i småbåtshamnen är upptagen")]
    assert router_in_use(app.config).suggest(question)[0].department != "hamnen"
    with path.open("a", encoding="utf-8") as file:
        file.write(
            '\n[[department]]\nslug = "hamnen"\nname_sv = "Hamnen"\nname_en = "Harbour"\n'
            'examples = ["Båtplatsen i småbåtshamnen är upptagen av någon"]\n'
        )
    assert router_in_use(app.config).suggest(question)[0].department == "hamnen"


def test_a_person_is_never_overruled(app, small_router):
    """A case that a person has routed stays there whatever the model says of new words."""
    corrected(1, to="miljo")
    case_id = db.session.query(Correction).one().case_id
    route_waiting(lambda: small_router, threshold=0.0, now=MONDAY)
    assert db.session.get(Case, case_id).department.slug == "miljo"


def test_figures_hold_no_words_of_residents(app):
    """What a training keeps are numbers and slugs, never what anybody wrote."""
    corrected(20)
    taught(app)
    kept = str(db.session.query(Training).one().figures)
    assert "fritidsgården" not in kept
    assert DEV[0].text.text not in kept
