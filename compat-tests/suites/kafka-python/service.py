"""Stands in for test/service.py, which kafka-python's sdist does not carry: of a broker that runs already its fixtures need no more."""


class ExternalService:
    def __init__(self, host, port):
        self.host, self.port = host, port

    def open(self):
        pass

    stop = close = dump_logs = open


class SpawnedService:
    def __init__(self, *_words, **_named):
        raise RuntimeError("these tests are given a broker, and start none")
