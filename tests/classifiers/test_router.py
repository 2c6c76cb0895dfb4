"""The router: what it gives for any text, and that it is the same each time."""

import json

import pytest

from classifiers.corpus import BadCorpus, Example, examples_of_departments, read_corpus
from classifiers.departments import load_departments
from classifiers.measure import measure
from classifiers.suggest import BadModel, Router, Text, load
from classifiers.train import save, train
from tests.routing.conftest import small_examples

KNOWN = {department.slug for department in load_departments()} | {"ingen"}
ODD = ["", " ", "🙂🙂", "مرحباً متى", "a" * 10_000_000, "\ud800 halv", "<b>x</b>", "\x00", "?!"]


@pytest.fixture(scope="session")
def examples():
    """The corpus as it stands in its files."""
    return read_corpus() + examples_of_departments()


@pytest.fixture(scope="session")
def router():
    """The model of set-up, trained on all of the corpus."""
    return load()


@pytest.fixture(scope="session")
def small():
    """A model of a few sentences, as training gives it."""
    return train(small_examples(), version="liten")


def test_any_text_gets_a_known_department(router):
    """Whatever the text, the department is one of ours or `ingen`, with certainties that add up."""
    for one in router.suggest([Text(text) for text in ODD]):
        assert one.department in KNOWN
        assert one.next[0][1] <= one.certainty <= 1
        assert one.certainty + one.next[0][1] + one.next[1][1] <= 1.0005


def test_the_deciding_words_stand_in_the_text(router, examples):
    """Every deciding or urgent word is the resident's own, as it is written there."""
    texts = [example.text for example in examples[::50]]
    for text, one in zip(texts, router.suggest(texts), strict=True):
        assert all(word in text.text for word in one.words + one.urgent_words)
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
    "text",
    ["Det brinner i containern bakom skolan", "En elledning ligger nere och sprakar", "gaslukt"],
)
def test_danger_is_urgent_with_its_words(router, text):
    """A message that tells of danger is urgent, and the words that say so are named."""
    (one,) = router.suggest([Text(text)])
    assert one.urgent
    assert one.urgent_words


@pytest.mark.parametrize(
    "text", ["Jag brinner för musik", "Vilka livsfarligt goda bullar", "Tack för plogningen"]
)
def test_words_of_danger_alone_are_not_urgent(router, text):
    """A word of danger where there is none does not put a message on top."""
    assert not router.suggest([Text(text)])[0].urgent


@pytest.mark.parametrize(
    ("text", "whom"),
    [
        ("Varför plogar ingen E6 vid Glumslöv, potthål överallt", "Trafikverket"),
        (
            "Bussen till Häljarp kom inte, var får man tillbaka pengarna för biljetten",
            "Skånetrafiken",
        ),
    ],
)
def test_what_is_someone_elses_is_said(router, text, whom):
    """A matter of another authority names whom the resident is to be referred to."""
    assert router.suggest([Text(text)])[0].refer == whom


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("När öppnar simhallen på lördag?", "sv"),
        ("When does the swimming pool open on Saturday?", "en"),
        ("متى يفتح المسبح يوم السبت؟", "ar"),
        ("ok", "sv"),
    ],
)
def test_the_language_is_told(router, text, language):
    """The language is named; a word or two is taken to be Swedish."""
    assert router.suggest([Text(text)])[0].language == language


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
    some = examples[::40]
    first, second = train(some, version="x"), train(some, version="x")
    for name in ("weights", "offsets", "word_idf", "piece_idf"):
        assert first[name].tobytes() == second[name].tobytes()
    assert first["heads"] == second["heads"]


def test_a_saved_model_says_the_same(small, tmp_path):
    """What is saved and loaded suggests what the model in memory does, to three decimals."""
    save(small, tmp_path / "router.skops")
    texts = [example.text for example in small_examples()]
    for kept, fresh in zip(
        load(tmp_path / "router.skops").suggest(texts), Router(small).suggest(texts), strict=True
    ):
        assert kept.department == fresh.department
        assert kept.certainty == pytest.approx(fresh.certainty, abs=0.005)


def test_the_file_is_what_skops_calls_safe(small, tmp_path):
    """skops finds no type in a model file that it would not trust, and reads the same weights."""
    import skops.io

    save(small, tmp_path / "router.skops")
    assert skops.io.get_untrusted_types(file=tmp_path / "router.skops") == []
    told = skops.io.load(tmp_path / "router.skops", trusted=[])
    assert told["weights"].shape == small["weights"].shape


def test_a_file_that_is_no_model_is_refused_in_words(tmp_path, small):
    """A missing, foreign or mismatched file says what to do."""
    with pytest.raises(BadModel, match="finns inte"):
        load(tmp_path / "none.skops")
    (tmp_path / "foreign.skops").write_bytes(b"PK not really")
    with pytest.raises(BadModel, match="går inte att läsa"):
        load(tmp_path / "foreign.skops")
    save({**small, "sklearn": "0.1"}, tmp_path / "old.skops")
    with pytest.raises(BadModel, match=r"0\.1"):
        load(tmp_path / "old.skops")
    save({**small, "format": 2}, tmp_path / "kind.skops")
    with pytest.raises(BadModel, match="annan sort"):
        load(tmp_path / "kind.skops")


def test_a_pickle_in_a_model_file_is_never_opened(tmp_path, small):
    """A file whose array hides a pickled object is refused, and nothing in it runs."""
    import zipfile

    import numpy as np

    save(small, tmp_path / "router.skops")
    np.save(tmp_path / "bad.npy", np.array([Bomb(tmp_path / "ran")], dtype=object))
    with (
        zipfile.ZipFile(tmp_path / "router.skops") as good,
        zipfile.ZipFile(tmp_path / "evil.skops", "w") as evil,
    ):
        for item in good.infolist():
            data = good.read(item)
            if item.filename.endswith(".npy"):
                data = (tmp_path / "bad.npy").read_bytes()
            evil.writestr(item, data)
    (tmp_path / "ran").unlink(missing_ok=True)
    with pytest.raises(BadModel, match="går inte att läsa"):
        load(tmp_path / "evil.skops")
    assert not (tmp_path / "ran").exists()


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        """What a pickle would run."""
        return (open, (str(self.path), "w"))


def test_a_bad_line_of_the_corpus_is_named(tmp_path):
    """A wrong department in line two is told with file and line."""
    good = {"text": "hej", "department": "miljo", "kind": "fråga"}
    lines = [json.dumps(good), json.dumps({**good, "department": "månen"})]
    (tmp_path / "miljo.jsonl").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(BadCorpus, match=r"miljo\.jsonl rad 2.*månen"):
        read_corpus(tmp_path)


def test_measuring_knows_right_from_wrong(router):
    """Measured on what it was trained on it is right; on false labels never."""
    mine = [Example(Text("Soptunnan är inte tömd"), "vatten-avfall", "felanmälan")]
    false = [Example(Text("Soptunnan är inte tömd"), "raddning", "felanmälan")]
    assert measure(router, mine).first == 1.0
    assert measure(router, false).first == 0.0
