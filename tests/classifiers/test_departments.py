"""One file says which departments there are: added, split, renamed and closed ones work at once."""

import pytest

from classifiers import corpus, departments, written_since
from classifiers.corpus import examples_of_departments, read_corpus
from classifiers.departments import BadDepartments, load_departments, now_called
from classifiers.suggest import Router, Text
from classifiers.train import train
from classifiers.written_since import WrittenSince
from tests.routing.conftest import small_examples

ONE = '[[department]]\nslug = "{slug}"\nname_sv = "{slug}"\nname_en = "{slug}"\n{more}\n'
FOUR = ("gata-park", "utbildning", "vatten-avfall")


@pytest.fixture
def the_file(tmp_path, monkeypatch):
    """Puts a departments' file in place of the real one: slugs and what more they say."""

    def put(**more):
        path = tmp_path / "departments.toml"
        slugs = [*FOUR, *(slug.replace("_", "-") for slug in more)]
        text = "".join(
            ONE.format(slug=slug, more=more.get(slug.replace("-", "_"), ""))
            for slug in dict.fromkeys(slugs)
        )
        path.write_text(text, encoding="utf-8")
        monkeypatch.setattr(departments, "DEPARTMENTS", path)
        monkeypatch.setattr(corpus, "DEPARTMENTS", path)
        return path

    return put


@pytest.fixture(scope="module")
def small():
    """A model of three departments and `ingen`, trained before the file was changed."""
    return train(small_examples(), version="liten")


def test_a_new_department_works_before_any_training(the_file, small):
    """A department just written with example phrases gets the messages that are like them."""
    the_file(hamnen='examples = ["Båtplatsen i småbåtshamnen är upptagen av någon annan"]')
    router = Router(small)
    (like, unlike) = router.suggest(
        [Text("Min båtplats i småbåtshamnen är upptagen"), Text("Soptunnan är inte tömd")]
    )
    assert like.department == "hamnen"
    assert unlike.department == "vatten-avfall"


def test_a_new_phrase_of_a_known_department_works_before_any_training(the_file, small):
    """A phrase added to a department draws what is like it, though the model never met it."""
    text = Text("Padelbanan vid sjön behöver nytt nät")
    the_file()
    before = Router(small).suggest([text])[0]
    the_file(utbildning='examples = ["Padelbanan vid sjön behöver nytt nät snart"]')
    after = Router(small).suggest([text])[0]
    assert after.department == "utbildning"
    assert after.certainty > 0.8
    assert before.department != "utbildning" or before.certainty < after.certainty


def test_a_renamed_department_keeps_what_was_learnt(the_file, small):
    """Under its new slug it is suggested as before, by the old model and by a new one."""
    path = the_file()
    text = path.read_text(encoding="utf-8").replace('slug = "vatten-avfall"', 'slug = "teknik"')
    path.write_text(text + 'formerly = ["vatten-avfall"]\n', encoding="utf-8")
    question = [Text("Soptunnan är inte tömd")]
    assert Router(small).suggest(question)[0].department == "teknik"
    retrained = Router(train(small_examples(), version="ny"))
    assert retrained.suggest(question)[0].department == "teknik"


def test_a_closed_department_is_never_suggested(the_file, small):
    """What was its own goes to who answers now; without an heir, elsewhere with less certainty."""
    question = [Text("Soptunnan är inte tömd")]
    the_file(vatten_avfall='closed = true\nmoved_to = "gata-park"')
    assert Router(small).suggest(question)[0].department == "gata-park"
    the_file(vatten_avfall="closed = true")
    one = Router(small).suggest(question)[0]
    told = {one.department, one.next[0][0], one.next[1][0]}
    assert "vatten-avfall" not in told


def test_a_split_department_gives_its_matters_away(the_file):
    """The words named go to the new department at the next training, the others stay."""
    the_file(belysning='split_from = "gata-park"\ntakes = ["gatlamp*", "lyktstolp*"]')
    router = Router(train(small_examples() * 3, version="delad"))
    lamp, hole = router.suggest(
        [Text("Gatlampan utanför oss är trasig"), Text("Stort hål i cykelbanan")]
    )
    assert lamp.department == "belysning"
    assert hole.department == "gata-park"


def test_a_broken_file_changes_nothing_in_what_runs(the_file, small):
    """While the file cannot be read, the model goes on with the departments it knows."""
    path = the_file()
    path.write_text("[[department]\n", encoding="utf-8")
    assert Router(small).suggest([Text("Soptunnan")])[0].department == "vatten-avfall"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"hamnen": 'moved_to = "månen"'}, "moved_to månen finns inte"),
        ({"hamnen": 'split_from = "hamnen"'}, "split_from hamnen finns inte"),
        ({"hamnen": 'formerly = ["gata-park"]'}, "kan inte ha hetat gata-park"),
    ],
)
def test_a_file_that_contradicts_itself_is_told(the_file, more, why):
    """A department that points at none, or at itself, is refused in words."""
    the_file(**more)
    with pytest.raises(BadDepartments, match=why):
        load_departments()


def test_a_department_needs_a_name_and_is_there_once(tmp_path):
    """A department without a name, or twice the same, is refused in words."""
    path = tmp_path / "d.toml"
    path.write_text('[[department]]\nslug = "a-b"\n', encoding="utf-8")
    with pytest.raises(BadDepartments, match="saknar name_sv"):
        load_departments(path)
    path.write_text(ONE.format(slug="ab", more="") * 2, encoding="utf-8")
    with pytest.raises(BadDepartments, match="två gånger"):
        load_departments(path)


def test_shares_always_add_up(the_file, small):
    """However the file has changed, the certainties of one message are shares of one whole."""
    import numpy as np

    the_file(
        vatten_avfall="closed = true",
        hamnen='examples = ["Båtplatsen i hamnen"]',
    )
    router = Router(small)
    shares = np.full((2, 4), 0.25)
    rows = router._rows([Text("Båtplatsen i hamnen"), Text("")])
    heeded = router.since.heeded(shares, rows, router._phrases)
    assert heeded.sum(axis=1) == pytest.approx(1.0)


def test_the_real_file_is_in_step_with_the_corpus():
    """Every department of the real file has messages and at least two example phrases."""
    slugs = now_called(load_departments())
    of_corpus = {example.department for example in read_corpus()}
    assert of_corpus == set(slugs) | {"ingen"}
    assert len(examples_of_departments()) >= 2 * len(slugs)
    assert isinstance(WrittenSince.read(sorted(of_corpus), frozenset()), WrittenSince)
    assert written_since.ALIKE < written_since.SAME
