"""Kafka's own codec, in a JVM of its own: see Codec.java."""
import json
import subprocess
import threading

import sides


class Codec:
    def __init__(self, classes):
        command = list(sides.JAVA)
        command[command.index("-cp") + 1] += f":{classes}"
        self.process = subprocess.Popen(command + ["Codec"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lock = threading.Lock()
        self.apis = self.ask({"apis": True})

    def ask(self, question):
        with self.lock:
            self.process.stdin.write(json.dumps(question, default=lambda data: "hex:" + data.hex()) + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())

    def encode(self, api, version, body, correlation, client_id):
        answer = self.ask({"encode": self.apis[api]["key"], "version": version, "correlation": correlation,
                           "client": client_id, "body": body})
        if "error" in answer:
            raise ValueError(f"{api} v{version}: {answer['error']}: {body}")
        return bytes.fromhex(answer["bytes"])

    def decode(self, api, version, data):
        """(correlation id or None, body); a body that Kafka cannot decode, or not to its end, says so."""
        answer = self.ask({"decode": self.apis[api]["key"], "version": version, "bytes": data.hex()})
        if "error" in answer:
            return None, {"undecodable": answer["error"], "bytes": data.hex()}
        if answer["left"]:
            answer["body"]["left_over"] = answer["left"]
        return answer["correlation"], answer["body"]

    def stop(self):
        self.process.kill()
        self.process.wait()
