"""The model's file: written by skops, read as plain arrays and text. Nothing in it can run.

skops keeps each array as NumPy's own format beside a schema in JSON; reading just those two kinds
is quicker and far smaller than importing skops, and refuses whatever else a file may hold.
"""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FORMAT = 3
MODEL = Path(__file__).parent / "model" / "router.skops"
ARRAYS = ("weights", "offsets", "word_idf", "piece_idf")
"""What a model file holds beside `about`: version, heads and vocabularies as JSON."""
LARGEST = 100 * 1024 * 1024
AGAIN = "Träna modellen igen: python -m classifiers.train --force"


class BadModel(Exception):
    """The model file cannot be used; the text says why and what to do, in plain Swedish."""


def write(model: Mapping[str, Any], path: Path = MODEL) -> None:
    """Write the model beside and put it in place in one step."""
    import numpy as np
    import skops.io

    about = {name: value for name, value in model.items() if name not in ARRAYS}
    kept = {name: model[name] for name in ARRAYS}
    kept["weights"] = kept["weights"].astype(np.float16)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new.skops")
    skops.io.dump({"about": json.dumps(about), **kept}, beside, compression=zipfile.ZIP_DEFLATED)
    beside.replace(path)


def read(path: Path = MODEL) -> dict[str, Any]:
    """What `write` was given, weights rounded to half precision. Raises `BadModel`."""
    import numpy as np
    import sklearn

    if not path.exists():
        raise BadModel(f"Modellen {path.name} finns inte. {AGAIN}")
    try:
        kept = _contents(path)
        about = json.loads(kept.pop("about"))
        found: dict[str, Any] = {**about, **{name: kept[name] for name in ARRAYS}}
        found["weights"] = found["weights"].astype(np.float32)
        found["format"], found["sklearn"], found["heads"], found["words"]
    except Exception as error:
        why = type(error).__name__
        raise BadModel(f"Modellen {path.name} går inte att läsa ({why}). {AGAIN}") from None
    if found["format"] != FORMAT:
        raise BadModel(f"Modellen {path.name} är av en annan sort. {AGAIN}")
    if found["sklearn"] != sklearn.__version__:
        raise BadModel(
            f"Modellen {path.name} är gjord med scikit-learn {found['sklearn']},"
            f" men {sklearn.__version__} är installerat. {AGAIN}"
        )
    return found


def _contents(path: Path) -> dict[str, Any]:
    """The file's top level: text and arrays by name; anything else is passed over."""
    import numpy as np

    found: dict[str, Any] = {}
    with zipfile.ZipFile(path) as file:
        if sum(item.file_size for item in file.infolist()) > LARGEST:
            raise ValueError("too large")
        for name, node in json.loads(file.read("schema.json"))["content"].items():
            if node["__loader__"] == "JsonNode":
                found[name] = json.loads(node["content"])
            elif node["__loader__"] == "NdArrayNode" and node["type"] == "numpy":
                with file.open(node["file"]) as array:
                    found[name] = np.load(array, allow_pickle=False)
    return found
