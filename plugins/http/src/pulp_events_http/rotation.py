"""`rotate-secret` and `show-secret`: commands on the signing secret of a listener."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from marshmallow import Schema, fields

from pulp_events.errors import InvalidConfig
from pulp_events.fields import Duration, format_duration
from pulp_events.notifier import Action, Config
from pulp_events.secrets import describe_reference, is_reference
from pulp_events_http.signing_keys import GENERATE, GENERATE_ED25519, PRIVATE, SYMMETRIC, generate, public_key

if TYPE_CHECKING:
    from pulp_events.listeners.listener import Listener
    from pulp_events.listeners.listeners import Listeners


class ShowOptions(Schema):
    """Options of `show-secret`, and of `rotate-secret` among others."""

    bare = fields.Boolean(
        load_default=False, metadata={"help": "print the secret, or the public key, and nothing else, for a script"}
    )


class RotateOptions(ShowOptions):
    """Options of `rotate-secret`."""

    overlap = Duration(
        load_default=86400.0,
        metadata={"help": "how long the old secret also signs; 0 retires it at once"},
    )
    secret = fields.String(
        load_default=GENERATE,
        metadata={
            "help": f"the new secret; {GENERATE} (the default) generates one of the same kind as "
            f"the old one, {GENERATE_ED25519} a key pair",
            "secret": True,
        },
    )


def rotate(listeners: Listeners, listener: Listener, options: Config) -> str:
    """Give the listener a new secret; the old one signs beside it for the time of the overlap.

    The old one is what is stored when the new one takes its place: of two rotations at once, the later one keeps the
    secret that the earlier one printed.
    """
    wanted: Any = options.get("secret", GENERATE)
    made = wanted in (GENERATE, GENERATE_ED25519)
    overlap = float(options.get("overlap", 86400.0))
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=overlap)

    def change(config: Config) -> dict[str, Any]:
        old: Any = config.get("secret")
        overlaps = old is not None and overlap > 0
        # A reference stays one: it is read at each opening of a channel, as before.
        kept = dict(old) if is_reference(old) else old
        return {
            "secret": _generate(wanted, old) if made else wanted,
            "previous_secret": kept if overlaps else None,
            "previous_secret_until": until.isoformat() if overlaps else None,
        }

    config = listeners.update(listener.id, notifier_config=change).notifier_config
    if options.get("bare"):
        return _bare(config["secret"]) if made else ""
    lines = [_describe(config["secret"]) if made else "The new secret is in use."]
    if "previous_secret" in config:
        lines.append(f"The old secret also signs for {format_duration(overlap)}, until {until:%Y-%m-%d %H:%M:%S} UTC.")
    return "\n".join(lines)


def show(listeners: Listeners, listener: Listener, options: Config) -> str:
    """What the receiver of the listener's requests needs to check their signatures."""
    secret = listener.notifier_config.get("secret")
    if secret is None:
        raise InvalidConfig(f"listener {listener.id} does not sign; `rotate-secret` gives it a secret")
    if options.get("bare") and is_reference(secret):
        raise InvalidConfig(
            f"the secret of listener {listener.id} is read from {describe_reference(secret)}; get it from there"
        )
    return _bare(secret) if options.get("bare") else _describe(secret)


def _describe(secret: Any) -> str:
    if is_reference(secret):
        return f"The secret is read from {describe_reference(secret)}."
    what = "Public key" if secret.startswith(PRIVATE) else "Secret"
    return f"{what} for the receiver: {_bare(secret)}"


def _bare(secret: str) -> str:
    """What the receiver needs, alone."""
    return public_key(secret) if secret.startswith(PRIVATE) else secret


def _generate(wanted: str, old: Any) -> str:
    """A new secret, of the old one's kind unless `wanted` names another."""
    asymmetric = wanted == GENERATE_ED25519 or (isinstance(old, str) and old.startswith(PRIVATE))
    try:
        return generate(PRIVATE if asymmetric else SYMMETRIC)
    except ValueError as error:
        raise InvalidConfig(f"an ed25519 secret {error}") from None


_ROTATE_EXAMPLES = """\
Give a listener a new secret, and let the old one sign beside it for two days:

    $ pulp-admin event listener http rotate-secret --listener-id=ci-hook --overlap=2d
"""
_SHOW_EXAMPLES = """\
Hand a secret over in a file:

    $ pulp-admin event listener http show-secret --listener-id=ci-hook --bare > hook.secret
"""

ACTIONS = (
    Action(
        "rotate-secret", "give a listener a new signing secret, and print it", rotate, RotateOptions, _ROTATE_EXAMPLES
    ),
    Action(
        "show-secret",
        "print what the receiver needs to check a listener's signatures",
        show,
        ShowOptions,
        _SHOW_EXAMPLES,
    ),
)
