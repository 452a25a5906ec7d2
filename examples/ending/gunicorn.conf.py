"""Called in each worker before it exits, for whatever reason but SIGKILL."""


def worker_exit(server, worker):
    from wsgi_app import bus

    bus.close()
