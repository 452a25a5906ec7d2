"""Called in each worker before it exits, for whatever reason but SIGKILL."""


def worker_exit(server: object, worker: object) -> None:
    from wsgi_app import bus

    bus.close()
