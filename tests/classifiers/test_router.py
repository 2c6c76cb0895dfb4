"""The router: what it gives for any text, and that it is the same each time."""

import json

import pytest

from classifiers.departments import BadDepartments, load_departments
from classifiers.measure import measure
from classifiers.suggest import BadModel, Router, Text, load
from classifiers.train import BadCorpus, Example, examples_of_departments, read_corpus, save, train

KNOWN = {department.slug for department in load_departments()} | {"ingen"}
ODD = ["", " ", "🙂🙂", "مرحباً متى", "a" * 10_000_000, "\ud800 halv", "<b>x</b>", "\x00", "?!"]


@pytest.fixture(scope="session")
def examples():
    return read_corpus() + examples_of_departments()


@pytest.fixture(scope="session")
def model(examples):
    return train(examples, version="test")


@pytest.fixture(scope="session")
def router(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "router.npz"
    save(model, path)
    return load(path)


def test_any_text_gets_a_known_department(router):
    """Whatever the text, the department is one of ours or `ingen`, with certainties that add up."""
    for one in router.suggest([Text(text) for text in ODD]):
        assert one.department in KNOWN
        assert one.next[0][1] <= one.certainty <= 1
        assert one.certainty + one.next[0][1] + one.next[1][1] <= 1.0005


def test_the_deciding_words_stand_in_the_text(router, examples):
    """Every deciding word is a word of the resident's own text, as it is written there."""
    texts = [example.text for example in examples[::10]]
    for text, one in zip(texts, router.suggest(texts), strict=True):
        assert all(word in text.text for word in one.words)
        assert len(one.words) <= 5


@pytest.mark.parametrize(
    ("text", "department"),
    [
        ("Gatlampan utanför oss är trasig", "gata-park"),
        ("När får vi svar om förskoleplats?", "utbildning"),
        ("Soptunnan är inte tömd", "vatten-avfall"),
        ("Behöver jag bygglov för ett plank?", "stadsbyggnad"),
        ("Tack så jättemycket allihop ❤️", "ingen"),
    ],
)
def test_clear_matters_go_where_they_belong(router, text, department):
    """A matter told in plain words lies with the right department, with some certainty."""
    (one,) = router.suggest([Text(text)])
    assert one.department == department
    assert one.certainty > 0.5


@pytest.mark.parametrize(
    "text", ["Det brinner i containern", "En elledning ligger nere", "gaslukt"]
)
def test_danger_is_urgent(router, text):
    """Words of danger make a message urgent whatever else it says."""
    assert router.suggest([Text(text)])[0].urgent


def test_the_post_above_gives_context(router):
    """The same few words lean towards the matter of the post that they stand under."""
    alone, under = router.suggest(
        [Text("och hos oss?"), Text("och hos oss?", "Nya tider för sophämtningen, soptunnor töms")]
    )
    share = {alone.department: alone.certainty, **dict(alone.next)}.get("vatten-avfall", 0)
    now = {under.department: under.certainty, **dict(under.next)}.get("vatten-avfall", 0)
    assert now > share


def test_the_same_corpus_gives_the_same_model(examples):
    """Trained twice from the same examples and seed, every number is the same."""
    some = examples[::4]
    first, second = train(some, version="x"), train(some, version="x")
    assert first["weights"].tobytes() == second["weights"].tobytes()
    assert first["heads"] == second["heads"]


def test_a_file_that_is_no_model_is_refused_in_words(tmp_path, model):
    """A missing, foreign or mismatched file says what to do."""
    with pytest.raises(BadModel, match="finns inte"):
        load(tmp_path / "none.npz")
    (tmp_path / "foreign.npz").write_bytes(b"PK not really")
    with pytest.raises(BadModel, match="går inte att läsa"):
        load(tmp_path / "foreign.npz")
    save({**model, "sklearn": "0.1"}, tmp_path / "old.npz")
    with pytest.raises(BadModel, match=r"0\.1"):
        load(tmp_path / "old.npz")


def test_a_bad_line_of_the_corpus_is_named(tmp_path):
    """A wrong department in line two is told with file and line."""
    good = {"text": "hej", "department": "miljo", "kind": "fråga"}
    lines = [json.dumps(good), json.dumps({**good, "department": "månen"})]
    (tmp_path / "miljo.jsonl").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(BadCorpus, match=r"miljo\.jsonl rad 2.*månen"):
        read_corpus(tmp_path)


def test_a_broken_departments_file_is_told(tmp_path):
    """A department without a name, or twice the same, is refused in words."""
    path = tmp_path / "d.toml"
    path.write_text('[[department]]\nslug = "a-b"\n', encoding="utf-8")
    with pytest.raises(BadDepartments, match="saknar name_sv"):
        load_departments(path)
    one = '[[department]]\nslug = "ab"\nname_sv = "A"\nname_en = "A"\n'
    path.write_text(one * 2, encoding="utf-8")
    with pytest.raises(BadDepartments, match="två gånger"):
        load_departments(path)


def test_the_corpus_is_large_and_says_nothing_twice(examples):
    """At least 1 500 different messages, and at least a hundred for each outcome."""
    texts = [example.text.text for example in read_corpus()]
    assert len(texts) >= 1500
    assert len(set(texts)) == len(texts)
    for slug in KNOWN:
        assert sum(example.department == slug for example in examples) >= 100


def test_measuring_knows_right_from_wrong(router):
    """Measured on what it was trained on it is nearly always right; on false labels never."""
    mine = [Example(Text("Soptunnan är inte tömd"), "vatten-avfall", "felanmälan", False, "")]
    false = [Example(Text("Soptunnan är inte tömd"), "raddning", "felanmälan", False, "")]
    assert measure(router, mine).first == 1.0
    assert measure(router, false).first == 0.0
    assert isinstance(router, Router)
