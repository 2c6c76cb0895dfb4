"""How a question to Graph names its fields: `id,from{id},comments.filter(stream).limit(5){id}`."""

from dataclasses import dataclass, field

DEEPEST, MOST = 6, 200


class BadFields(ValueError):
    """A list of fields that cannot be read."""


@dataclass(frozen=True)
class Wanted:
    """One field, with what is asked of it (`.limit(5)`) and which of its own fields (`{id}`)."""

    name: str
    options: dict[str, str] = field(default_factory=dict)
    inner: tuple["Wanted", ...] = ()


def fields_of(text: str) -> tuple[Wanted, ...]:
    """What a question asks for, in its order. Raises `BadFields`."""
    reader = _Reader(text)
    found = reader.fields(0)
    if reader.left():
        raise BadFields(text[:40])
    return found


class _Reader:
    """Reads one list of fields from the left to the right."""

    def __init__(self, text: str) -> None:
        self.text, self.place, self.count = text.replace(" ", ""), 0, 0

    def left(self) -> bool:
        return self.place < len(self.text)

    def fields(self, depth: int) -> tuple[Wanted, ...]:
        if depth > DEEPEST:
            raise BadFields("too deep")
        found: list[Wanted] = []
        while self.left() and self.text[self.place] != "}":
            found.append(self._one(depth))
            if not self._take(","):
                break
        return tuple(found)

    def _one(self, depth: int) -> Wanted:
        self.count += 1
        name = self._word()
        if not name or self.count > MOST:
            raise BadFields(self.text[:40])
        options: dict[str, str] = {}
        while self._take("."):
            option = self._word()
            self._must("(")
            end = self.text.find(")", self.place)
            if end < 0:
                raise BadFields(self.text[:40])
            options[option] = self.text[self.place : end]
            self.place = end + 1
        inner: tuple[Wanted, ...] = ()
        if self._take("{"):
            inner = self.fields(depth + 1)
            self._must("}")
        return Wanted(name, options, inner)

    def _word(self) -> str:
        start = self.place
        while self.left() and (self.text[self.place].isalnum() or self.text[self.place] == "_"):
            self.place += 1
        return self.text[start : self.place]

    def _take(self, sign: str) -> bool:
        there = self.text[self.place : self.place + 1] == sign
        self.place += there
        return there

    def _must(self, sign: str) -> None:
        if not self._take(sign):
            raise BadFields(self.text[:40])
