"""What the composer says while somebody writes: what is in the way, length, price, and care."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import format_decimal, get_locale, gettext, ngettext
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy import select

from app.answers.care import (
    STOPS,
    About,
    Care,
    Finding,
    Override,
    language_of,
    look_at,
    must_ask,
)
from app.answers.ready import CannotSend, text_of, weigh
from app.channels.base import Weight
from app.collecting.connect import options_from
from app.collecting.incidents import incident_on
from app.database import db
from app.models import Case, Message, Source
from app.models.source import AccountState
from app.people.approvals import is_approved
from app.reports.health import Light, light_of
from app.web import link_marks, words
from app.web.call_words import BY_PHONE
from app.web.held import has_none
from app.web.link_marks import as_sent

KRONOR_PER_DOLLAR = 10
"""A round figure, only for "omkring": what X really charges stands in the console there."""
DEAR = 0.05
"""US dollars from which an answer's price is worth a word."""


NEARLY = 20
"""Characters left from which the page says how many."""


@dataclass(frozen=True, slots=True)
class Lock:
    """Why nothing can be sent, what to do, and where it can be answered instead ('' nowhere).

    `for_good`: waiting does not help, so there is nothing to write here.
    """

    why: str
    what: str
    elsewhere: str = ""
    for_good: bool = False


@dataclass(frozen=True, slots=True)
class Hint:
    """A line under the text. `level`: stop, warn or tip.

    `refer`: a safe channel is a way on; `asks`: nothing leaves before a reason is chosen.
    """

    level: str
    text: str
    refer: bool = False
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """The reason that a person must choose before the answer leaves; `take_focus`: just pressed."""

    chosen: str = ""
    take_focus: bool = False


@dataclass(frozen=True, slots=True)
class Advice:
    """How long a text is by the platform's count, and what to think of before it is sent."""

    used: int = 0
    most: int | None = None
    hints: list[Hint] = field(default_factory=list)
    ask: Ask | None = None
    """None: nothing needs a reason, or nobody has pressed send yet."""
    own: bool = True
    """It is the person's own text; in a colleague's no sentence is put by a button."""

    @property
    def refers(self) -> bool:
        """Whether a sentence that shows the way to a safe channel is of use."""
        return self.own and any(hint.refer for hint in self.hints)

    @property
    def reasons(self) -> dict[str, LazyString]:
        """What a person may choose among: code and words."""
        return OVERRIDES

    @property
    def too_long(self) -> bool:
        """Whether the platform would say no."""
        return self.most is not None and self.used > self.most

    @property
    def counted(self) -> bool:
        """Whether the count is worth showing: a short limit, or more than half of a long one."""
        return self.most is not None and (self.most <= 1000 or self.used > self.most / 2)


@dataclass(frozen=True, slots=True)
class Way:
    """What can be sent to the message that is answered: publicly unless `lock`, privately until."""

    lock: Lock | None
    private_until: datetime | None


def way_to(case: Case, channel: Any, target: Message | None, *, now: datetime) -> Way:
    """What is possible, known before anybody writes."""
    lock = _lock_of_account(case, channel, now)
    if lock is not None:
        return Way(lock, None)
    until = _private_until(channel, target, now)
    if target is not None and target.no_answer:
        why, what = words.reason(target.no_answer)
        lock = Lock(why, what, elsewhere=target.answer_elsewhere, for_good=until is None)
    return Way(lock, until)


def _lock_of_account(case: Case, channel: Any, now: datetime) -> Lock | None:
    """Why nothing at all can be sent from the account."""
    if channel is not None and not channel.abilities.connected:
        return Lock(str(BY_PHONE[0]), str(BY_PHONE[1]), for_good=True)
    if channel is None or not channel.abilities.answer:
        return Lock(*words.reason("not_supported"), for_good=True)
    if case.account.state != AccountState.ACTIVE:
        return Lock(*words.reason("account_paused"))
    if not is_approved(case.account, now):
        return Lock(*words.reason("not_approved"))
    if has_none(case, "account_held"):
        return None
    incident = incident_on(case.channel)
    if incident is not None:
        why, what = words.reason("incident")
        return Lock(why, f"{incident.text.rstrip('.')}. {what}")
    sources = db.session.scalars(select(Source).where(Source.account_id == case.account_id)).all()
    if any(light_of(source, now) == Light.SIGN_IN_NEEDED for source in sources):
        return Lock(*words.reason("sign_in_needed"))
    return None


def _private_until(channel: Any, target: Message | None, now: datetime) -> datetime | None:
    """Until when the platform takes a private answer to this message; None: not any more."""
    if not channel.abilities.private_reply or target is None:
        return None
    until = target.private_reply_until
    return until if until is not None and until > now else None


def advice_on(case: Case, body: str, signature: str, ask: Ask | None = None) -> Advice:
    """What to tell somebody who has typed this much; no hints for an empty box.

    `ask`: send has been pressed, and a reason is asked for where one is needed.
    """
    try:
        text = text_of(as_sent(case.account, body.strip()), signature)
        weight = weigh(case, text, options_from(current_app.config).installation)
    except CannotSend:
        return Advice()
    findings = findings_in(case, body)
    hints: list[Hint] = []
    if body.strip():
        hints = [*_on_length(weight), *map(_on_care, findings), *_on_links(weight)]
        said = link_marks.said_of(case.account, body)
        hints += [Hint("tip", said)] if said else []
    return Advice(weight.used, weight.most, hints, ask if must_ask(findings) else None)


def findings_in(case: Case, body: str) -> list[Finding]:
    """What to think of in a draft of an answer in this case."""
    if not body.strip():
        return []
    theirs = select(Message.text).where(Message.case_id == case.id, ~Message.by_city)
    newest = db.session.scalars(theirs.order_by(Message.published_at.desc()).limit(20))
    about = About(
        name=case.person_name,
        words="\n".join(newest),
        language=case.language,
        restricted=case.department is not None and case.department.restricted,
        domains=_own_domains(case),
        switchboard=current_app.config["SWITCHBOARD"],
    )
    return look_at(body, about)


def _own_domains(case: Case) -> tuple[str, ...]:
    """Where the city's own mail is: by its name, the address for contact, and the account's."""
    name = current_app.config["CITY"].split()[0].casefold()
    plain = name.translate(str.maketrans("åäöé", "aaoe"))
    contact = current_app.config["CONTACT"].rpartition("@")[2].casefold()
    account = (urlsplit(case.account.external_id).hostname or "").removeprefix("www.")
    return tuple(one for one in (f"{plain}.se", contact, account) if one)


OVERRIDES: dict[str, LazyString] = {
    Override.NOT_PERSONAL: _l("Det är ingen personuppgift, till exempel ett ärendenummer"),
    Override.NOBODY_MEANT: _l("Ingen enskild person går att känna igen"),
    Override.INVENTED: _l("Det är ett påhittat exempel"),
    Override.APPROVED: _l("Min chef eller dataskyddsombudet har sagt ja"),
}
"""Why somebody sends all the same."""

CARE: dict[str, LazyString] = {
    Care.IDENTITY_NUMBER: _l(
        "det ser ut som ett personnummer. Ta bort det, och hänvisa till en säker kanal."
    ),
    Care.CLIENT: _l(
        "”%(said)s” kan läsas som att någon har kontakt med oss. Bekräfta det aldrig öppet."
    ),
    Care.HEALTH: _l("”%(said)s” rör hälsa eller socialt stöd. Kan någon kännas igen?"),
    Care.PHONE: _l("%(said)s ser inte ut att vara stadens nummer. Är det en privatpersons?"),
    Care.MAIL: _l("%(said)s är inte stadens adress. Är det en privatpersons?"),
    Care.PROMISE: _l(
        "”%(said)s” kan läsas som ett löfte eller ett beslut. Skriv hellre hur det går till."
    ),
    Care.NAME: _l("du skrev %(said)s, men invånaren visar namnet %(theirs)s. Stämmer det?"),
    Care.LINK: _l(
        "adressen %(said)s ser trasig ut. Vi har inte provat den. Kontrollera hur den är skriven."
    ),
    Care.LANGUAGE: _l("svaret verkar vara på %(said)s, men invånaren skriver på %(theirs)s."),
    Care.SHOUTING: _l("”%(said)s” kan uppfattas som att vi höjer rösten."),
}
"""What a draft is told, beginning in lower case: it stands after Stopp, Varning or Tips."""


def _on_care(finding: Finding) -> Hint:
    said, theirs = finding.said, finding.theirs
    if finding.care == Care.LANGUAGE:
        said, theirs = spoken(said), spoken(theirs)
    refer = finding.care in (*STOPS, Care.HEALTH, Care.PHONE, Care.MAIL)
    sentence = str(CARE[finding.care]) % {"said": said, "theirs": theirs}
    return Hint(finding.level, sentence, refer, asks=finding.care in STOPS)


def spoken(code: str) -> str:
    """What a language is called in the reader's own."""
    locale = get_locale()
    return str((locale.languages.get(code) if locale is not None else None) or code)


REFERRAL = {
    "sv": "Det här pratar vi inte om öppet. Ring oss på %s, så hjälper vi dig på ett säkert sätt.",
    "en": "We do not discuss this in public. Please call us on %s and we will help you safely.",
}
"""What residents read, in the language that the answer is written in."""


def referred(body: str, case: Case) -> str:
    """The draft with a sentence at its end that shows the way to a safe channel, once."""
    language = language_of(body) or case.language
    sentence = REFERRAL.get(language, REFERRAL["sv"]) % current_app.config["SWITCHBOARD"]
    return body if sentence in body else f"{body.rstrip()}\n\n{sentence}".lstrip()


def _on_length(weight: Weight) -> list[Hint]:
    """That the text is too long, or nearly."""
    if weight.most is None:
        return []
    left = weight.most - weight.used
    if left < 0:
        sentence = ngettext(
            "svaret är för långt. Korta med %(num)d tecken.",
            "svaret är för långt. Korta med %(num)d tecken.",
            -left,
        )
        return [Hint("stop", sentence)]
    if left <= NEARLY:
        sentence = ngettext("%(num)d tecken kvar.", "%(num)d tecken kvar.", left)
        return [Hint("tip", sentence)]
    return []


def _on_links(weight: Weight) -> list[Hint]:
    """What has become a link by a slip of the finger, and what a link costs."""
    dear = weight.price >= DEAR
    kronor = format_decimal(weight.price * KRONOR_PER_DOLLAR, format="0.#")
    hints = []
    for slip in weight.slips:
        sentence = gettext("”%(text)s” blir en länk. Saknas ett mellanslag?", text=slip)
        if dear:
            sentence += " " + gettext("Med länk kostar svaret omkring %(kr)s kr.", kr=kronor)
        hints.append(Hint("warn", sentence))
    if dear and not hints:
        sentence = gettext("svaret har en länk och kostar omkring %(kr)s kr.", kr=kronor)
        hints.append(Hint("tip", sentence))
    return hints
