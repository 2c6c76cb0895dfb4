"""Danger to life, health or property in the forms residents write it (what goes on top).

The list is a help to the model, one more thing that it sees, and not its judge: what the rest of
the text says decides ("det brann i går", "jag brinner för musik").
"""

import re

DANGER = re.compile(
    r"\b(brinner|ryker (ur|från)|brand[eh]?\b|eldsvåda|gasluk\w*|luktar gas|gasläcka|explosion\w*"
    r"|el-?ledning\w* (ligger|hänger|nere)|strömförande|sprakar|kortslut\w*"
    r"|(kabel|kablar)\w* (ligger|hänger)( öppet| löst| ner)?"
    r"|brunnslock\w* (är )?(borta|saknas|öppe\w+)"
    r"|öppen brunn|barn\w* (är )?(ensamt?|själva?)|självmord|ta (mitt|sitt) liv|orkar inte leva"
    r"|vill inte leva|drunkn\w+|ras(at|ar|risk)\b|livsfara|livsfarlig\w*|akut\w* fara|medvetslös\w*"
    r"|kniv\w*|hotar|slår (mig|henne|honom)|andas inte|svarar inte på larmet"
    r"|on fire|smell of gas|gas leak|suicide|live wire|kill myself|حريق|غاز)",
    re.IGNORECASE,
)


def danger_words(text: str) -> tuple[str, ...]:
    """The words of danger in a text, as they stand there, each once."""
    return tuple(dict.fromkeys(match.group(0) for match in DANGER.finditer(text)))[:3]
