"""What all requests have in common: bounded bodies, errors of the bus as answers, in whose name it is asked."""

import json
import logging
from typing import Any

from django.conf import settings
from pulpcore.plugin.util import get_domain
from rest_framework import exceptions, status
from rest_framework.parsers import JSONParser

from pulp_events import Author, errors

_logger = logging.getLogger(__name__)

LARGEST_BODY = 64 * 1024
"""Octets of a request, at most: a listener of an untrusted author has 32 KiB."""


class BodyTooLarge(exceptions.APIException):
    """RFC 9110 §15.5.14."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = f"The request is too large; it may have {LARGEST_BODY} octets."
    default_code = "too_large"


class Conflict(exceptions.APIException):
    """RFC 9110 §15.5.10: it is refused as things are, and would be taken if the user changed them first."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class Unavailable(exceptions.APIException):
    """RFC 9110 §15.6.4."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "The store of events cannot be used now; the server's log says why. Try again later."
    default_code = "unavailable"


class BoundedJSONParser(JSONParser):
    """JSON that can also be stored and sent again: not nested without end, and text that has an encoding."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            data = super().parse(stream, media_type, parser_context)
            json.dumps(data, ensure_ascii=False).encode()
        except RecursionError:
            raise exceptions.ParseError("JSON parse error - it is nested too deeply") from None
        except UnicodeEncodeError:
            raise exceptions.ParseError("JSON parse error - half a surrogate pair is no text") from None
        if not isinstance(data, dict):
            raise exceptions.ParseError("give a JSON object")
        return data


class EventsViewMixin:
    """Of each view of ours."""

    parser_classes = [BoundedJSONParser]

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """Refuse a body that is too large before anybody reads it."""
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length) > LARGEST_BODY:
            raise BodyTooLarge
        super().initial(request, *args, **kwargs)  # type: ignore[misc]

    def handle_exception(self, exc: Exception) -> Any:
        """What the bus refuses, with the status that fits."""
        if isinstance(exc, errors.EventsError):
            exc = answer_to(exc)
        return super().handle_exception(exc)  # type: ignore[misc]

    @property
    def author(self) -> Author:
        """The user, as the bus knows him: never trusted, whatever he may do in Pulp, since it is an administrator of
        the *machine* who is. Which listeners he may see and change has been decided by Pulp's roles by then."""
        return Author(self.request.user.get_username(), scope=scope_of_request(), others=True)  # type: ignore[attr-defined]


def scope_of_request() -> str:
    """That of events of the domain of the request, of the default domain where there are no others."""
    return str(get_domain().pk)


def domains_are_on() -> bool:
    """Whether this Pulp has domains."""
    return bool(settings.DOMAIN_ENABLED)


def answer_to(error: errors.EventsError) -> exceptions.APIException:
    """The answer that says what the bus refused; see docs/rest.md."""
    text = str(error)
    if isinstance(error, errors.InvalidConfig):
        found: dict[str, Any] = {"notifier_config": error.errors} if error.errors else {"non_field_errors": [text]}
        return exceptions.ValidationError(found)
    if isinstance(error, errors.UnknownNotifierType):
        return exceptions.ValidationError({"notifier_type_id": [text]})
    if isinstance(error, errors.UnknownEventType):
        return exceptions.ValidationError({"event_types": [text]})
    if isinstance(error, errors.QuotaExceeded | errors.NameTaken):
        return Conflict(text)
    if isinstance(error, errors.NotAllowed):
        return exceptions.PermissionDenied(text)
    if isinstance(error, errors.ListenerNotFound | errors.DeliveryNotFound | errors.EventNotFound):
        return exceptions.NotFound()
    if type(error) is errors.EventsError:  # an argument that nothing can fit
        return exceptions.ValidationError({"non_field_errors": [text]})
    _logger.error("events: %s: %s", type(error).__name__, text)
    return Unavailable()
