#!/usr/bin/env python3
"""sarama's functional tests on five brokers behind toxiproxy, where it expects them: 127.0.0.1:29091 to 29095. It stops and starts
a broker by `docker compose`: a script of that name here, which asks this program. usage: see ../suite.py"""
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from go_suite import GoSuite
from suite import main
from verdict import NOT_RUN

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "cluster"))
from cluster import Cluster, free_ports

PORTS = range(29091, 29096)  # sarama has them written down


DOCKER = """#!/bin/sh
case "$1 $2" in "compose stop" | "compose start") exec curl -fsS "$BROKERS_API/$2/$3" ;; esac
echo "no such: docker $*" >&2
exit 1
"""


def serve(members):
    """GET /stop/kafka-N and /start/kafka-N."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            _, what, name = self.path.split("/")
            member = members[int(name.split("-")[1]) - 1]
            if what == "stop" and member.process.poll() is None:
                member.stop()
            elif what == "start" and member.process.poll() is not None:
                member.launch()
                member.read_ready_line()
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_words):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Sarama(GoSuite):
    VERSION = "sarama v1.61.1"
    MODULE, TAGS, FILES = "github.com/IBM/sarama", "functional", "functional_*_test.go"
    PROXY = "github.com/Shopify/toxiproxy/v2/cmd/server@v2.5.0"

    # Not run, and so never passed: transactions are not there, and each of them tries for a minute.
    LEFT_OUT = r"^TestFuncTxn"

    def set_up(self):
        super().set_up()
        with open(self.path("docker"), "w", encoding="utf-8") as file:
            file.write(DOCKER)
        os.chmod(self.path("docker"), 0o755)
        if not os.path.exists(self.path("server")):
            self.install(self.bash('GOBIN="$1" go install "$2"', self.build, self.PROXY), "proxy-build.log", cwd=self.build)

    def run(self, brokers, pattern):
        names = [name for name in self.listed() if pattern.split("/")[0] in name]
        cluster = Cluster(os.path.join(brokers.folder, "cluster"), len(PORTS), auto_create_topics_enable="false")  # as its docker-compose.yml
        for member, port in zip(cluster.members, PORTS):
            member.settings["advertised.listeners"] = f"PLAINTEXT://127.0.0.1:{port},CLUSTER://{member.own_address}"
        api = f"127.0.0.1:{free_ports(1)[0]}"
        with open(self.path("proxy.log"), "wb") as log, subprocess.Popen(
                [self.path("server"), "-host", "127.0.0.1", "-port", api.split(":")[1]], stdout=log, stderr=log) as proxy:
            try:
                cluster.start()
                for number, (member, port) in enumerate(zip(cluster.members, PORTS), 1):
                    self.forward(api, {"name": f"kafka{number}", "listen": f"127.0.0.1:{port}", "upstream": member.bootstrap})
                docker = serve(cluster.members)
                environment = {"TOXIPROXY_ADDR": f"http://{api}", "KAFKA_VERSION": "4.3.1", "PATH": f"{self.build}:{os.environ['PATH']}",
                               "BROKERS_API": f"http://127.0.0.1:{docker.server_port}"}
                left_out = [name for name in names if re.match(self.LEFT_OUT, name)]
                outcomes = self.go_tests([name for name in names if name not in left_out], "outcomes", 600, environment)
                docker.shutdown()
                return {**{name: (NOT_RUN, "") for name in left_out}, **outcomes}
            finally:
                cluster.end()
                proxy.kill()

    @staticmethod
    def forward(api, proxy):
        request = urllib.request.Request(f"http://{api}/proxies", json.dumps(proxy).encode(), {"Content-Type": "application/json"})
        for attempt in range(100):
            try:
                with urllib.request.urlopen(request, timeout=5):
                    return
            except OSError:
                if attempt == 99:
                    raise
                time.sleep(0.1)  # it has not begun to listen


if __name__ == "__main__":
    sys.exit(main(Sarama(__file__)))
