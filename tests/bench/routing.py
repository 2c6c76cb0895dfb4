"""The model by itself: how large, how quick to load, to suggest and to train, and how good."""

import subprocess
import sys
from pathlib import Path
from time import perf_counter

from classifiers.corpus import DEV, examples_of_departments, read_corpus
from classifiers.measure import measure, table
from classifiers.suggest import MODEL, load
from classifiers.train import save, train

LOADING = "import numpy, sklearn.feature_extraction.text, time; a = time.perf_counter(); "
LOADING += "from classifiers.suggest import load; load(); print(time.perf_counter() - a)"


def run(folder: Path) -> None:
    """Measure and print."""
    dev = read_corpus(DEV)
    texts = [example.text for example in dev]
    while len(texts) < 1000:
        texts += texts
    told = subprocess.run(
        [sys.executable, "-c", LOADING], capture_output=True, check=True, text=True
    )
    router = load()
    router.suggest(texts[-200:])
    started = perf_counter()
    router.suggest(texts[:1000])
    thousand = perf_counter() - started
    started = perf_counter()
    for text in texts[:300]:
        router.suggest([text])
    one = (perf_counter() - started) / 300
    started = perf_counter()
    model = train(read_corpus() + examples_of_departments())
    training = perf_counter() - started
    save(model, folder / "router.skops")
    same = (folder / "router.version").read_text() == MODEL.with_suffix(".version").read_text()
    print(f"model file                  {MODEL.stat().st_size / 1e6:8.1f} MB")
    print(f"  loaded in                 {float(told.stdout) * 1000:8.0f} ms (libraries there)")
    print(f"  one message               {one * 1000:8.2f} ms")
    print(f"  1 000 messages            {thousand:8.2f} s")
    print(f"  trained in                {training:8.1f} s (same version as in place: {same})")
    print(table(measure(router, dev)))
