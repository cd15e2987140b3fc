"""What the suites of Go clients share: a module's tests, built and run by `go test`, and what became of each."""
import glob
import json
import os
import re
import shutil

from suite import Suite
from verdict import FAILED, NOT_RUN, PASSED, SKIPPED

STATES = {"pass": PASSED, "fail": FAILED, "skip": SKIPPED}


class GoSuite(Suite):
    """MODULE at its VERSION; TAGS to build with; PACKAGE, a folder of the module; FILES with tests that need a broker, which are
    those whose body matches LIVE."""
    TAGS, PACKAGE, FILES, LIVE = "", ".", "*_test.go", ""

    def bash(self, script, *words):
        return ["bash", "-c", f'. "{self.toolchains}"; use_go; {script}', "bash", *words]

    def set_up(self):
        """The module's own folder below ours, for its own go.mod to count; the program with its tests in it."""
        module, source, known = f"{self.MODULE}@{self.VERSION.split()[1]}", os.path.join(self.build, "source"), self.path("pins")
        if os.path.exists(known) and open(known, encoding="utf-8").read() == module + self.TAGS:
            return
        self.install(self.bash('cd "$1" && go mod download -json "$2"', self.build, module), "download.log", cwd=self.build)
        told = self.said("download.log")
        downloaded = json.loads(told[told.index("{"):])["Dir"]
        if os.path.exists(source):
            shutil.rmtree(source)
        shutil.copytree(downloaded, source)
        for folder, _, _ in os.walk(source):  # the module cache is read-only
            os.chmod(folder, 0o755)
        self.install(self.bash('go test -c -tags "$1" -o "$2" .', self.TAGS, self.path("tests")), "build.log", cwd=self.folder())
        with open(known, "w", encoding="utf-8") as file:
            file.write(module + self.TAGS)

    def path(self, name):
        return os.path.join(self.build, name)

    def folder(self):
        return os.path.normpath(os.path.join(self.build, "source", self.PACKAGE))

    def listed(self):
        """As the sources have them: to ask the program can take an environment."""
        names = []
        for path in sorted(glob.glob(os.path.join(self.folder(), self.FILES))):
            with open(path, encoding="utf-8") as file:
                for body in re.finditer(r"^func (Test\w+)\(\w+ \*testing\.T\).*?^}", file.read(), re.M | re.S):
                    if re.search(self.LIVE, body.group(0)):
                        names.append(body.group(1))
        return names

    def go_tests(self, names, label, seconds, environment):
        """Outcomes of these tests, of a test with subtests those of its subtests."""
        chosen = "^(" + "|".join(names) + ")$"
        # test2json is the tool that go test -json uses; the program itself ends in time, and tells where all of it stood.
        status = self.command(self.bash('"$1" -test.v=test2json -test.run "$2" -test.parallel 8 -test.timeout "$3" 2>&1 | go tool test2json',
                                        self.path("tests"), chosen, f"{seconds}s"), f"{label}.json", seconds + 60, cwd=self.folder(),
                              env={**os.environ, **environment})
        outcomes, told = {name: (NOT_RUN, "") for name in names}, {}
        for line in self.said(f"{label}.json").splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            name = event.get("Test")
            if not name:
                continue
            state, said = outcomes.get(name, (NOT_RUN, ""))
            if event["Action"] == "run":
                state = FAILED  # until it is told otherwise
            elif event["Action"] in STATES:
                state = STATES[event["Action"]]
            elif event["Action"] == "output":
                told.setdefault(name, []).append(event["Output"])
            outcomes[name] = (state, said)
        parents = {name.rsplit("/", 1)[0] for name in outcomes if "/" in name}
        parents |= {one.rsplit("/", 1)[0] for one in parents if "/" in one}
        return {name: (state, self.why(state, told.get(name, []), status)) for name, (state, _) in outcomes.items()
                if name not in parents}

    @staticmethod
    def why(state, lines, status):
        if state == PASSED:
            return ""
        found = [line.strip() for line in lines if re.search(r"_test\.go:\d+:|panic", line)]
        return " ".join(found[:5] or [line.strip() for line in lines[-5:]]) or f"the program ended with status {status}"
