"""Learning from what people correct: train, examine, and only then take into use.

Every correction is a labelled example. The newest fifth of them is kept out of the training, and
the new model is examined on it and on the development set beside the model in use: one that is
right less often is not taken into use.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from app.database import db, writing
from app.models import Correction, Staff, Training
from app.models.event import log_event
from app.people.rights import Act, must_be_allowed
from app.routing.kept_model import NoModelBefore, put_back, router_in_use, take_into_use

if TYPE_CHECKING:
    from classifiers.corpus import Example
    from classifiers.suggest import Router

EXAMINED = 5
"""One correction in so many, the newest, is kept for the examination."""
MOST_EXAMINED = 400
MOST_TAUGHT = 20_000
WEIGHT = 2.0
"""A correction says more about this city than an example of the corpus."""
WORSE_CALIBRATED = 0.02
ENOUGH_TO_TELL = 200
"""Below so many messages a calibration error is mostly chance."""
MOST_SILENCED = 0.01

Config = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Lesson:
    """The corrections as examples, oldest first, and whose they are."""

    case_ids: list[int]
    examples: "list[Example]"
    newest_id: int


@dataclass(frozen=True, slots=True)
class Material:
    """What a model is trained on besides corrections, and what it is examined on."""

    corpus: "Sequence[Example]"
    dev: "Sequence[Example]"


def corrections_as_examples() -> Lesson:
    """The last word of people on each case that they routed, as labelled examples."""
    from classifiers.corpus import Example, as_departments_are_now
    from classifiers.suggest import NO_ANSWER, Text

    last = (
        select(func.max(Correction.id))
        .where(Correction.to_department != "", Correction.text != "")
        .group_by(Correction.case_id)
    )
    rows = db.session.scalars(
        select(Correction)
        .where(Correction.id.in_(last))
        .order_by(Correction.id.desc())
        .limit(MOST_TAUGHT)
    ).all()[::-1]
    case_ids, examples = [], []
    for row in rows:
        kind = "övrigt" if row.to_department == NO_ANSWER else ""
        text = Text(row.text, row.post, row.channel)
        told = Example(text, row.to_department, kind=kind, weight=WEIGHT)
        for example in as_departments_are_now([told]):  # none when nobody has such matters any more
            case_ids.append(row.case_id)
            examples.append(example)
    return Lesson(case_ids, examples, rows[-1].id if rows else 0)


def is_due(config: Config) -> bool:
    """Whether there is anything to learn: corrections, or another corpus or departments' file, that
    no training has seen. Raises `BadModel` when there is no model at all."""
    from classifiers.corpus import corpus_version

    newest = select(func.max(Correction.id)).where(Correction.to_department != "")
    last = db.session.scalar(select(Training).order_by(Training.id.desc()).limit(1))
    learnt = last.newest_correction_id if last else 0
    if (db.session.scalar(newest) or 0) > learnt:
        return True
    examined = [router_in_use(config).version, *([last.version] if last else [])]
    return not any(version.startswith(corpus_version()) for version in examined)


def learn(
    config: Config,
    *,
    now: Callable[[], datetime],
    material: Material | None = None,
) -> Training:
    """Train on corpus and corrections, examine, and take the new model into use if it is as good.

    Takes minutes, outside any transaction. `material` stands in for corpus and development set
    (tests). Raises `BadCorpus`, and `BadModel` when there is none to hold the new one against.
    """
    from classifiers.corpus import corpus_version
    from classifiers.suggest import Router
    from classifiers.train import train

    material = material or _material()
    lesson = corrections_as_examples()
    db.session.rollback()  # training is long: nothing is held meanwhile
    examined = min(len(lesson.examples) // EXAMINED, MOST_EXAMINED)
    taught = lesson.examples[: len(lesson.examples) - examined]
    version = f"{corpus_version()}+{lesson.newest_id}"
    trained = train([*material.corpus, *taught], version=version)
    exam = _Exam(material.dev, lesson.examples[len(taught) :], lesson.case_ids[len(taught) :])
    old = router_in_use(config)
    figures, reason = exam.held(old, Router(trained))
    if not reason:
        take_into_use(config, trained)
    return _kept(
        Training(
            at=now(),
            version=version,
            replaced=old.version,
            examples=len(material.corpus) + len(taught),
            corrections=len(taught),
            newest_correction_id=lesson.newest_id,
            accepted=not reason,
            reason=reason,
            figures=figures,
        )
    )


def go_back(config: Config, *, now: datetime, by: Staff | None = None) -> str:
    """Take the model before into use again; returns its version.

    Raises `NoModelBefore`, `BadModel`, and `NotAllowed` for somebody who may not.
    """
    if by is not None:
        must_be_allowed(by, Act.CHANGE_RULES)
    version = put_back(config)
    with writing():
        log_event("model_put_back", at=now, staff_id=by.id if by else None, model=version)
    return version


def _kept(training: Training) -> Training:
    with writing():
        db.session.add(training)
        db.session.flush()
        log_event(
            "model_trained" if training.accepted else "model_refused",
            at=training.at,
            model=training.version,
            replaced=training.replaced,
            corrections=training.corrections,
            **({"why": training.reason} if training.reason else {}),
        )
    return training


def _material() -> Material:
    from classifiers.corpus import DEV, examples_of_departments, read_corpus

    return Material(read_corpus() + examples_of_departments(), read_corpus(DEV))


@dataclass(frozen=True, slots=True)
class _Exam:
    """The development set and the corrections kept out, with their cases."""

    dev: "Sequence[Example]"
    recent: "Sequence[Example]"
    case_ids: Sequence[int]

    def held(self, old: "Router", new: "Router") -> tuple[dict[str, Any], str]:
        """The figures of both models, and why the new one is refused ('' when it is not)."""
        from classifiers.measure import measure

        was, now = measure(old, self.dev), measure(new, self.dev)
        texts = [example.text for example in self.recent]
        said_before = [one.department for one in old.suggest(texts)]
        said_now = [one.department for one in new.suggest(texts)]
        truth = [example.department for example in self.recent]
        right_before = sum(a == b for a, b in zip(said_before, truth, strict=True))
        right_now = sum(a == b for a, b in zip(said_now, truth, strict=True))
        figures = {
            "dev": [round(was.first, 4), round(now.first, 4)],
            "three": [round(was.among_three, 4), round(now.among_three, 4)],
            "calibration": [round(was.calibration_error, 4), round(now.calibration_error, 4)],
            "dev_count": now.count,
            "recent": [right_before, right_now],
            "recent_count": len(truth),
            "departments": {
                slug: [round(was.recall.get(slug, 0.0), 4), round(share, 4)]
                for slug, share in now.recall.items()
            },
            "changed": [
                [case_id, before, after, right]
                for case_id, before, after, right in zip(
                    self.case_ids, said_before, said_now, truth, strict=True
                )
                if before != after
            ][:100],
        }
        old_right = was.first * was.count + right_before
        new_right = now.first * now.count + right_now
        if new_right < old_right:
            return figures, "right_less_often"
        if now.silenced > max(was.silenced, MOST_SILENCED):
            return figures, "silences_more"
        told = now.count >= ENOUGH_TO_TELL
        if told and now.calibration_error > was.calibration_error + WORSE_CALIBRATED:
            return figures, "worse_calibrated"
        return figures, ""


__all__ = ["NoModelBefore", "corrections_as_examples", "go_back", "is_due", "learn"]
