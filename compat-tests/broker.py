"""A broker of one's own for test programs. OTTLA names another binary (a sanitizer build, say)."""
import os
import subprocess
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
OTTLA = os.environ.get("OTTLA", os.path.join(ROOT, "build", "release", "ottla"))


class Broker:
    """Listens on a free port of 127.0.0.1, and on the same one when started again. stderr goes to DIR/broker.err."""

    def __init__(self, directory, **settings):
        self.directory, self.process, self.http, self.flags = directory, None, None, []
        self.bootstrap = "127.0.0.1:0"
        self.cpu_seconds, self.peak_rss_bytes = 0.0, 0
        self.program, self.prefix, self.environment = OTTLA, [], {}
        self.settings = {"http.listener": "", "log.dirs": os.path.join(directory, "data"), "num.partitions": 3}
        self.settings.update({name.replace("_", "."): value for name, value in settings.items()})

    def listeners(self):
        return f"PLAINTEXT://{self.bootstrap}"

    def all_settings(self):
        return [f"listeners={self.listeners()}"] + [f"{name}={value}" for name, value in self.settings.items()]

    def settings_as_words(self):
        return [word for setting in self.all_settings() for word in ("--set", setting)]

    def launch(self):
        """Starts the process and does not wait for it."""
        words = [*self.prefix, self.program, "serve", *self.flags, *self.settings_as_words()]
        with open(os.path.join(self.directory, "broker.err"), "ab") as errors:
            self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors,
                                            env={**os.environ, **self.environment})

    def start(self, seconds=20):
        """Seconds from the start of the process to its ready line."""
        began = time.monotonic()
        self.launch()
        line = self.process.stdout.readline().decode()
        took = time.monotonic() - began
        if not line.startswith("ottla ready: PLAINTEXT://"):
            self.process.kill()
            with open(os.path.join(self.directory, "broker.err"), encoding="utf-8") as errors:
                raise RuntimeError(f"the broker did not start: {line!r} {errors.read()[-2000:]}")
        self.bootstrap = line.split("PLAINTEXT://")[1].split()[0]
        self.http = next((word for word in line.split() if word.startswith("http://")), None)
        return took

    def address(self):
        host, port = self.bootstrap.rsplit(":", 1)
        return host, int(port)

    def rss_bytes(self, field="VmRSS"):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith(field + ":"))

    def _account(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        self.cpu_seconds += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        self.peak_rss_bytes = max(self.peak_rss_bytes, self.rss_bytes("VmHWM"))

    def kill(self):
        self._account()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stop(self, seconds=30):
        """A clean stop; its exit status."""
        self._account()
        self.process.stdout.close()
        self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
