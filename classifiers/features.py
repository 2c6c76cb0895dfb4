"""A text as a row of numbers: words and pairs, letter sequences inside words, the post above, and
whether there are words of danger in it.

scikit-learn's vectorizers take the words apart, in training and in use.
"""

from collections.abc import Sequence
from typing import Any

from classifiers.danger import danger_words
from classifiers.texts import Text, looked_at

POST_WEIGHT = 0.4
"""How much the post above says beside the resident's own words; chosen on hands left out."""
DANGER_WEIGHT = 0.5
POST_LENGTH = 600
MOST_WORDS = 40_000
MOST_PIECES = 70_000
WORDS_AND_SIGNS = r"(?u)\b\w+\b|[^\w\s]"


def vectorizers(
    words: Sequence[str] | None = None, pieces: Sequence[str] | None = None
) -> tuple[Any, Any]:
    """The two ways a text is taken apart: words and pairs, and letter sequences inside words.

    With vocabularies given they are ready to use (weights are set by the caller).
    """
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    common = {"lowercase": True, "sublinear_tf": True, "dtype": np.float32, "norm": "l2"}
    by_words = TfidfVectorizer(
        ngram_range=(1, 2), token_pattern=WORDS_AND_SIGNS, vocabulary=words, **common
    )
    by_pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), vocabulary=pieces, **common)
    return by_words, by_pieces


def fitted(own: list[str]) -> tuple[Any, Any]:
    """The two vectorizers, with the vocabularies of these texts."""
    by_words, by_pieces = vectorizers()
    by_words.set_params(min_df=1, max_features=MOST_WORDS)
    by_pieces.set_params(min_df=2, max_features=MOST_PIECES)
    return by_words.fit(own), by_pieces.fit(own)


def features(texts: Sequence[Text], by_words: Any, by_pieces: Any) -> Any:
    """Rows of numbers for texts: their own words, and the posts' above them at POST_WEIGHT.

    `by_words` and `by_pieces` are the vectorizers' `transform`.
    """
    import numpy as np
    from scipy.sparse import csr_matrix, hstack

    def rows(those: list[str]) -> Any:
        return hstack([by_words(those), by_pieces(those)], format="csr")

    found = rows([looked_at(text.text) for text in texts])
    posts = [looked_at(text.post)[:POST_LENGTH] for text in texts]
    if any(posts):
        different = list(dict.fromkeys(posts))
        place = {post: number for number, post in enumerate(different)}
        found = found + POST_WEIGHT * rows(different)[[place[post] for post in posts]]
    danger = [[DANGER_WEIGHT * bool(danger_words(looked_at(text.text)))] for text in texts]
    return hstack([found, csr_matrix(np.array(danger, dtype=np.float32))], format="csr")


def size_of(texts: Sequence[Text], known: Any = None) -> tuple[Any, Any]:
    """How long each text is (characters looked at), and 1 where there is a post above."""
    import numpy as np

    lengths = np.array([len(looked_at(text.text)) for text in texts], dtype=float)
    under = np.array([float(bool(text.post)) for text in texts])
    return (lengths, under) if known is None else (lengths[known], under[known])
