"""A small but real model: trained on a few dozen sentences, in a moment."""

import pytest

from classifiers.corpus import Example
from classifiers.suggest import Router, Text
from classifiers.train import train

SENTENCES = {
    "gata-park": (
        "Gatlampan utanför oss är trasig",
        "Det är ett stort hål i cykelbanan",
        "När plogar ni Storgatan",
        "Trottoaren är inte sandad, det är halt",
        "Klotter på bänken i parken",
        "Parkeringsautomaten på torget fungerar inte",
    ),
    "utbildning": (
        "När får vi besked om förskoleplats",
        "Skolbussen kom inte i morse",
        "Vad är det för mat på skolan i dag",
        "Min dotter blir mobbad i klassen",
        "Hur söker man till gymnasiet",
        "Lärarna på fritids hinner inte med",
    ),
    "vatten-avfall": (
        "Soptunnan är inte tömd",
        "Brunt vatten i kranen",
        "När är återvinningen öppen",
        "Stopp i avloppet på gatan",
        "Vattenläcka vid korsningen",
        "Vilken påse ska matavfallet ligga i",
    ),
    "ingen": (
        "Tack så mycket allihop",
        "Heja vår stad",
        "Vilken fin bild",
        "Grattis på födelsedagen",
        "Haha så bra",
        "Ha en fin helg",
    ),
}


def small_examples() -> list[Example]:
    """Six sentences for each of four outcomes."""
    return [
        Example(Text(text), slug, "övrigt" if slug == "ingen" else "fråga")
        for slug, texts in SENTENCES.items()
        for text in texts
    ]


@pytest.fixture(scope="session")
def small_router() -> Router:
    """The model of those sentences."""
    return Router(train(small_examples(), version="liten"))
