"""One line per event on standard output, with named fields; secrets and residents' words never."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

HIDDEN_FIELDS = frozenset(
    {"password", "token", "authorization", "secret", "credentials", "cookie", "text", "author"}
)


def _hide(_logger: Any, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for field in line:
        if field.lower() in HIDDEN_FIELDS:
            line[field] = "(dolt)"
    return line


def start(level: str = "info") -> None:
    """Send our log lines to standard output from this level up."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _hide,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
        ),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=False,
    )


def log() -> Any:
    """The logger: `log().info("polled", source=3, new=2, ms=41)`."""
    return structlog.get_logger()
