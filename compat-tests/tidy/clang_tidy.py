#!/usr/bin/env python3
"""The checks of .clang-tidy, all but the path-sensitive analyzer's, over every source and header; about a tenth of the time
that clang-tidy itself takes.

clangd checks only what stands in the file that is open, and keeps what it has read of the #include lines at its top for as long
as they stay the same. So one view is opened for each folder: at its top the #include lines of all of the folder's files, below
them the text of one file after the other, its own #include lines left blank. Headers come all at once, in a view of their own.

usage: clang_tidy.py [FILE...] (all by default). The last line is "N files, M findings"; the status tells whether there are any.
"""
import collections
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import threading

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
INCLUDE = re.compile(r'^#include (?:(<)([^>]+)>|(")([^"]+\.h)")')  # a .def in the midst of a file stays there
AT_ONCE = 2
NOT_READ = ("asio_source.cc", "raft_library.h")  # others' code, and the one header that has to prepare for it
LONGEST_S = 600  # for one view


class View:
    """A file that exists in clangd only."""

    def __init__(self, folder, flags):
        os.makedirs(os.path.join(ROOT, "build", "no-compile-commands"), exist_ok=True)
        self.uri = f"file://{ROOT}/{folder}/lint_view.cc"
        self.process = subprocess.Popen(
            ["clangd-19", "--sync", "--background-index=0", "--log=error", "--pch-storage=memory",
             f"--compile-commands-dir={ROOT}/build/no-compile-commands"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT)
        self.version = 0
        self.send("initialize", {"processId": None, "rootUri": f"file://{ROOT}", "capabilities": {},
                                 "initializationOptions": {"fallbackFlags": flags}}, request=1)
        self.send("initialized", {})

    def send(self, method, params, request=None):
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        if request:
            message["id"] = request
        text = json.dumps(message).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(text) + text)
        self.process.stdin.flush()

    def receive(self):
        length = 0
        while (line := self.process.stdout.readline().strip()) or not length:
            if not line and self.process.poll() is not None:
                raise RuntimeError("clangd ended")
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return json.loads(self.process.stdout.read(length))

    def findings(self, text):
        """What clangd says of this text: [(line from 0, words)]."""
        self.version += 1
        if self.version == 1:
            self.send("textDocument/didOpen", {"textDocument": {"uri": self.uri, "languageId": "cpp", "version": 1, "text": text}})
        else:
            self.send("textDocument/didChange", {"textDocument": {"uri": self.uri, "version": self.version},
                                                 "contentChanges": [{"text": text}], "wantDiagnostics": True})
        watch = threading.Timer(LONGEST_S, self.process.kill)
        watch.start()
        try:
            while True:
                message = self.receive()
                if message.get("method") == "textDocument/publishDiagnostics" and message["params"].get("version") == self.version:
                    return [(d["range"]["start"]["line"], f'{d["message"]} [{d.get("code", "")}]')
                            for d in message["params"]["diagnostics"]
                            if d.get("severity", 1) <= 2 and d.get("code") != "unused-includes"]  # they are the folder's
        finally:
            watch.cancel()

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def read(path):
    with open(os.path.join(ROOT, path)) as file:
        return file.read().splitlines()


def includes(path):
    return [(found[1] or found[3], found[2] or from_root(path, found[4])) for line in read(path) if (found := INCLUDE.match(line))]


def from_root(path, name):
    return name if os.path.exists(os.path.join(ROOT, name)) else os.path.join(os.path.dirname(path), name)


def body(path):
    """The file without #include lines, line for line."""
    return ["" if INCLUDE.match(line) or line == "#pragma once" else line for line in read(path)]


def headers_in_order(headers):
    """Each header behind those that it includes."""
    order, seen = [], set()

    def visit(path):
        if path in seen or path not in headers:
            return
        seen.add(path)
        for how, name in includes(path):
            if how == '"':
                visit(name)
        order.append(path)

    for path in sorted(headers):
        visit(path)
    return order


def top(lines):
    """Lines that stay the same; the statement ends what clangd keeps of them."""
    return [*lines, "static_assert(true);"]


def look_at(folder, tops, texts, flags):
    """Findings in texts, [(path, lines)], each put below `tops` in turn."""
    view = View(folder, flags)
    found = []
    try:
        for marks, lines in texts:
            for line, words in view.findings("\n".join(tops + lines) + "\n"):
                at = line - len(tops)
                start = max((start for start in marks if start <= at), default=min(marks))
                place = f"{marks[start]}:{at - start + 1}" if at >= 0 else f"{marks[start]} (an #include of its folder)"
                found.append(f"{place}: {words}")
    finally:
        view.end()
    return found


def flags_of(database):
    """Definitions and include folders of all targets together; the compiler's own warnings are not asked for again."""
    with open(database) as file:
        words = {word for entry in json.load(file) for word in entry["command"].split() if word[:2] in ("-D", "-I")}
    return ["-xc++", "-std=c++23", *sorted(words)]


def jobs(files):
    """(folder, top, texts) for each view, the longest first."""
    headers = {path for path in files if path.endswith(".h")}
    groups = collections.defaultdict(list)
    for path in files:
        if path.endswith(".cc"):
            groups[os.path.dirname(path), path.endswith("_test.cc")].append(path)
    made = []
    for (folder, _), sources in groups.items():
        lines = sorted({f"#include <{n}>" if how == "<" else f'#include "{n}"' for s in sources for how, n in includes(s)})
        made.append((folder, top(lines), [({0: source}, body(source)) for source in sources]))
    made.sort(key=lambda job: -len(job[2]))
    if headers:
        order = headers_in_order(headers)
        system = sorted({f"#include <{n}>" for path in order for how, n in includes(path) if how == "<"})
        others = sorted({f'#include "{n}"' for path in order for how, n in includes(path) if how == '"' and n not in headers})
        marks, lines = {}, []
        for path in order:
            marks[len(lines)] = path
            lines += body(path)
        made.insert(0, ("broker", top(system + others), [(marks, lines)]))
    return made


def main():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.cc", "*.h"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.split()
    files = sys.argv[1:] or [path for path in listed if not path.endswith(NOT_READ) and os.path.exists(os.path.join(ROOT, path))]
    flags = flags_of(os.path.join(ROOT, "build/release/compile_commands.json"))
    findings = []
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for found in pool.map(lambda job: look_at(*job, flags), jobs(files)):
            for line in found:
                print(line, flush=True)
            findings += found
    print(f"{len(files)} files, {len(findings)} findings")
    return bool(findings) or not files


if __name__ == "__main__":
    sys.exit(main())
