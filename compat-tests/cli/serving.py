"""For the tests of the program: one broker in a directory of its own."""
import os
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
from broker import OTTLA, Broker

LOOPBACK = "PLAINTEXT://127.0.0.1:0"


def run(*words, environment=None):
    """Exit status, stdout, stderr of a call that is expected to end."""
    done = subprocess.run([OTTLA, *words], capture_output=True, text=True, timeout=20, env=environment)
    return done.returncode, done.stdout, done.stderr


def frame(key, version, body):
    request = struct.pack(">hhih", key, version, 7, -1) + body  # correlation id 7, no client id
    return struct.pack(">i", len(request)) + request


def ask(client, key, version, body):
    client.sendall(frame(key, version, body))
    size = struct.unpack(">i", client.recv(4, socket.MSG_WAITALL))[0]
    return client.recv(size, socket.MSG_WAITALL)


class ServingTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.broker = None

    def tearDown(self):
        if self.broker and self.broker.process.poll() is None:
            self.broker.kill()
        self.folder.cleanup()

    def start(self, **settings):
        self.broker = Broker(self.folder.name, **settings)
        self.broker.start()
        return self.broker

    def errors(self):
        with open(os.path.join(self.folder.name, "broker.err"), encoding="utf-8") as file:
            return file.read()

    def refusal(self, *settings):
        words = [word for setting in settings for word in ("--set", setting)]
        status, _, err = run("serve", "--set", "http.listener=", *words)
        self.assertNotEqual(status, 0)
        self.assertEqual(err.strip().count("\n"), 0, err)
        return err
