"""The pages' words in the reader's language, looked up quickly: a page says some hundred of them.

Flask-Babel works out anew for each word whose language it is to be in; here that is done once a
request, or anew where the language changes within it.
"""

from typing import Any, cast

from babel.support import Translations
from flask import Flask, g
from flask_babel import Babel, Domain, get_domain, get_locale
from markupsafe import Markup


class OwnDomain(Domain):
    """The catalogue of our words, with the request's language remembered."""

    def get_translations(self) -> Translations:
        """The catalogue in the reader's language; see `flask_babel.Domain`."""
        here = g._get_current_object().__dict__.get("_flask_babel") if g else None
        locale = getattr(here, "babel_locale", None)
        if here is None or locale is None:
            get_locale()  # which remembers it in the request
            return super().get_translations()
        kept = getattr(here, "own_words", None)
        if kept is None or kept[0] is not locale:
            kept = here.own_words = (locale, super().get_translations())
        return cast(Translations, kept[1])


def said(text: str, /, **variables: Any) -> Markup:
    """A page's text in the reader's language, with its variables escaped."""
    found = Markup(get_domain().get_translations().ugettext(text))  # noqa: S704 - our own words
    return found % variables if variables or "%" in found else found


def said_many(one: str, several: str, num: int, /, **variables: Any) -> Markup:
    """A page's text for one or for several in the reader's language."""
    found = get_domain().get_translations().ungettext(one, several, num)
    return Markup(found) % {"num": num, **variables}  # noqa: S704 - our own words


def init_app(app: Flask, babel: Babel) -> None:
    """Let the pages, and everything else that asks Flask-Babel, have their words from here."""
    with app.app_context():
        babel.domain_instance = OwnDomain(domain=babel.domain)
    app.jinja_env.globals.update(_=said, gettext=said, ngettext=said_many)
