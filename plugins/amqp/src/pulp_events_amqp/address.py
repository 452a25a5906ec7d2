"""Where the broker is: URLs of AMQP 1.0 and those of Pulp 2's server.conf."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

_TLS_OF_SCHEME = {"amqp": False, "tcp": False, "qpid": False, "amqps": True, "ssl": True}
_EXAMPLES = "write for example amqp://localhost:5672 or amqps://broker.example.com"


@dataclass(frozen=True)
class BrokerAddress:
    """A broker's URL, taken apart."""

    host: str
    port: int
    tls: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    virtual_host: str | None = None

    def __str__(self) -> str:
        """Scheme, host and port; never the credentials."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'amqps' if self.tls else 'amqp'}://{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """True if nothing that is sent there leaves this machine."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_urls(text: str) -> tuple[BrokerAddress, ...]:
    """The addresses of a list of URLs with commas between them: brokers that stand in for each other.

    A comma in a user name or password is not taken for one between URLs if every URL with a user has its scheme.
    Raises ValueError, see `parse_url`.

    >>> [str(address) for address in parse_urls("amqp://one, amqp://pulp:a,b@two:5673, three")]
    ['amqp://one:5672', 'amqp://two:5673', 'amqp://three:5672']
    """
    return tuple(parse_url(url.strip()) for url in _split(text))


def _split(text: str) -> list[str]:
    urls: list[str] = []
    rest = ""
    for part in reversed(text.split(",")):
        url = f"{part},{rest}" if rest else part
        if "@" in url and "://" not in url:  # the end of a URL whose beginning is before the comma
            rest = url
        else:
            urls.insert(0, url)
            rest = ""
    return [rest, *urls] if rest else urls


def parse_url(text: str) -> BrokerAddress:
    """The address that `text` stands for.

    Understood are `amqp://` and `amqps://`; Pulp 2's `tcp://`, `ssl://` and `qpid://`, also after a transport as in
    `qpid+ssl://`; and `HOST` or `HOST:PORT`. The port is 5672, with TLS 5671, unless given (the IANA registrations).
    User name, password and virtual host (the path) are percent-decoded. Raises ValueError; its text never has
    the password.

    >>> print(parse_url("ssl://pulp:secret@broker.example.com"))
    amqps://broker.example.com:5671
    """
    scheme, separator, _ = text.partition("://")
    if not separator:
        scheme, text = "amqp", f"amqp://{text}"
    tls = _TLS_OF_SCHEME.get(scheme.lower().rpartition("+")[2])
    if tls is None:
        raise ValueError(f"Unknown scheme; {_EXAMPLES}.")
    if any(character.isspace() or not character.isprintable() for character in text):
        raise ValueError(f"Must not contain spaces or control characters; {_EXAMPLES}.")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"The host or port is not valid; {_EXAMPLES}.") from None
    if not host:
        raise ValueError(f"The host is missing; {_EXAMPLES}.")
    if port == 0:
        raise ValueError(f"Port 0 cannot be connected to; {_EXAMPLES}.")
    if parts.query or parts.fragment:
        raise ValueError(f"Must not have a query (?) or fragment (#), encode them as %3F and %23; {_EXAMPLES}.")
    return BrokerAddress(
        host=host,
        port=port or (5671 if tls else 5672),
        tls=tls,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        virtual_host=unquote(parts.path[1:]) or None,
    )
