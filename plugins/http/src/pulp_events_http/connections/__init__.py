"""How a report gets to its receiver: connections that the channels of a process share, TLS, proxies, HTTP/1.1."""
