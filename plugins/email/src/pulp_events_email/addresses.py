"""Which mail addresses are taken, and in what form they are written."""

from __future__ import annotations

import re

_INTERNAL = r"(?:^|\.)(?:local|localhost|test|home\.arpa)\.?\Z"
"""Special-use domains (RFC 6761, RFC 6762, RFC 8375) for mail inside a network, which email-validator refuses."""

_QUOTED = r'"(?:[^"\\]|\\.)*"\Z'
"""RFC 5322 §3.2.4."""

_SPECIALS = frozenset('()<>[]:;@\\,"')
"""What a name holds only in quotes (RFC 5322 §3.2.3); the dot is taken, as everybody does (§4.1)."""

_LONGEST_NAME = 100

_WANTED = "Write an address, or a name and an address: Pulp <no-reply@your.domain>."


def normalise(address: str) -> str:
    """The address as it is stored: its domain in lower case and Unicode, its local part as it was given.

    Raises ValueError, with what is wrong, for what is not `local-part@domain` (RFC 5321 §4.1.2). Nothing is looked up.
    """
    return _validate(address)[0]


def envelope_form(address: str) -> str:
    """The address as SMTP carries it: in ASCII, an internationalised domain as IDNA (RFC 5891), wherever that can be.

    A local part beyond ASCII has no such form: the address stays as it is and needs SMTPUTF8 (RFC 6531).
    """
    return address if address.isascii() else _validate(address)[1]


def split_sender(text: str) -> tuple[str, str]:
    """Display name, empty if there is none, and address of `no-reply@your.domain` or `Pulp <no-reply@your.domain>`.

    Raises ValueError for anything else.
    """
    text = text.strip()
    name, bracket, rest = text.rpartition("<")
    if bracket and not rest.endswith(">"):
        raise ValueError(_WANTED)
    shown = _name(name.strip()) if bracket else ""
    address = rest[:-1] if bracket else text
    try:
        return shown, normalise(address)
    except ValueError as error:
        raise ValueError(f"{address[:100]!r} is not a mail address: {error} {_WANTED}") from None


def _name(text: str) -> str:
    if re.match(_QUOTED, text):
        text = re.sub(r"\\(.)", r"\1", text[1:-1])
    elif found := sorted(_SPECIALS.intersection(text)):
        raise ValueError(
            f"Give one name and one address. Put a name that contains {' '.join(found)} in double quotes, "
            f'with a \\ before each " and \\: "Pulp (events)" <no-reply@your.domain>.'
        )
    if not text.isprintable() or len(text) > _LONGEST_NAME:
        raise ValueError(f"The name must be at most {_LONGEST_NAME} characters long, without control characters.")
    return text


def _validate(address: str) -> tuple[str, str]:
    from email_validator import EmailNotValidError, validate_email

    # email-validator refuses these domains, and would take them only by changing it for the whole process. So it is
    # shown the address with a public suffix behind it, to which all the other rules apply in the same way.
    suffix = ".com" if re.search(_INTERNAL, address.rpartition("@")[2], flags=re.IGNORECASE) else ""
    try:
        valid = validate_email(
            address + suffix,
            allow_smtputf8=True,
            allow_domain_literal=True,
            check_deliverability=False,
            globally_deliverable=False,
        )
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    ascii_form = valid.ascii_email or valid.normalized
    return valid.normalized.removesuffix(suffix), ascii_form.removesuffix(suffix)
