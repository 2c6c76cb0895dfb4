"""What a web server and the command line import: `gunicorn wsgi:app`, `flask --app wsgi`."""

import sys

from app import create_app
from config import BadSetting

NOT_TO_BE_TRIED_AGAIN = 3
"""The exit code at which gunicorn ends instead of starting its workers over and over."""

try:
    app = create_app()
except BadSetting as error:
    print(error, file=sys.stderr)
    sys.exit(NOT_TO_BE_TRIED_AGAIN)
