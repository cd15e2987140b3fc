#!/usr/bin/env python3
"""The rules of the house, checked: layering, sizes, one file per API, a README that is true.

usage: tidy_test.py BUILD_DIR [unittest options]
"""
import os
import re
import subprocess
import sys
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else os.path.join(ROOT, "build", "release")

# What a folder may include of ours. A longer path wins: broker/groups/core is no part of broker here.
MAY_INCLUDE = {
    "protocol": ["protocol"],
    "storage": ["protocol", "storage"],
    "replication": ["protocol", "replication"],
    "replication/quorum": ["protocol", "replication/quorum"],
    "replication/quorum/sim": ["protocol", "replication/quorum"],
    "replication/sim": ["protocol", "storage", "replication"],
    "broker/groups/core": ["protocol", "broker/groups/core"],
    "broker": ["protocol", "storage", "replication", "broker"],
}
# step(now, event) -> effects: no file, no clock, no lock, no thread.
PURE = ["replication", "replication/quorum", "broker/groups/core"]
IMPURE_HEADER = re.compile(
    r"<(thread|mutex|shared_mutex|condition_variable|atomic|future|fstream|filesystem|iostream|random|"
    r"unistd\.h|fcntl\.h|pthread\.h|sys/.*|boost/.*|spdlog/.*)>")
NETWORK_HEADER = re.compile(r"<(boost/asio.*|boost/beast.*|sys/socket\.h|netinet/.*|arpa/.*|sys/epoll\.h)>")

# What object code may call from outside its own libraries. Undefined symbols as `nm -C` prints them.
ANY_LIBRARY_MAY_CALL = re.compile(
    r"^(ottla::|std::|fmt::|re2::|void fmt::|int fmt::|vtable for (std|ottla|fmt|__cxx)|typeinfo (name )?for |VTT for std|operator (new|delete)|"
    r"__cxa_|__gxx_|_Unwind_|__dynamic_cast|__stack_chk|__(mem|str|sn?printf|vsn?printf|fprintf|printf|isoc99_)|mem|str|snprintf|abort$|"
    r"_GLOBAL_OFFSET_TABLE_|__dso_handle|guard variable for|construction vtable|non-virtual thunk|__gnu_cxx|__errno_location|__assert_fail|__libc_single_threaded|"
    r"(bool|auto|decltype|char|unsigned|long|int|float|double|void)\b.* ?(std|fmt|ottla)::|crc32_iscsi|raft_\w+$)")
FORBIDDEN_CALL = {
    "protocol": re.compile(r"boost::asio|^(socket|connect|accept4?|bind|listen|epoll_\w+|open(64)?|fsync|fdatasync|pthread_create)$"),
    "storage": re.compile(r"boost::asio|^(socket|connect|accept4?|bind|listen|epoll_\w+)$"),
}

LINES_MAX = 300
FUNCTION_LINES_MAX = 60
# Longer than the rule allows, and never longer than this. Shrink a number when you can; add none.
FILE_RATCHET = {
    "broker/groups/core/walk_test.cc": 456,
    "storage/fault_file.cc": 399, "storage/log_crash_test.cc": 399,
    "storage/log_directory_test.cc": 305,
    "storage/log_recovery_test.cc": 467}
FUNCTION_RATCHET = {}

# A word that says where someone works instead of what the project is.
FOREIGN = re.compile(r"(^|[\s\"'`(=:])/(work|root|home|check)/[\w.]|\bFIXME\b|\bXXX\b|\bTODO\b")


def tracked(*endings):
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True,
                           stdout=subprocess.PIPE).stdout.decode().split("\n")
    return [name for name in names if name.endswith(endings) and os.path.exists(os.path.join(ROOT, name))]


def text_of(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def room_of(name):
    """The longest folder of MAY_INCLUDE that holds the file; None outside of them."""
    rooms = [room for room in MAY_INCLUDE if name.startswith(room + "/")]
    return max(rooms, key=len) if rooms else None


def functions(text):
    """(name, lines) of each body that begins at the left margin and ends with a brace there."""
    begin, head = None, ""
    for number, line in enumerate(text.split("\n")):
        if begin is None:
            if re.match(r"^[A-Za-z~].*[^;]$", line) and not re.match(r"(namespace|struct|class|enum|extern|union|#)", line):
                head = line if not head else head
                if line.endswith("{"):
                    begin = number
            elif not line.startswith((" ", "\t")):
                head = ""
        elif line == "}":
            yield head, number - begin + 1
            begin, head = None, ""
        elif line.startswith("}"):  # a table or a type: not a function
            begin, head = None, ""


class Layering(unittest.TestCase):
    def test_includes_point_downwards(self):
        wrong = []
        for name in tracked(".cc", ".h"):
            room = room_of(name)
            if room is None:
                continue
            for included in re.findall(r'^#include "([^"]+)"', text_of(name), re.M):
                if not any(included.startswith(allowed + "/") for allowed in MAY_INCLUDE[room]):
                    wrong.append(f"{name} includes {included}")
        self.assertEqual(wrong, [])

    def test_pure_rooms_know_no_clock_no_lock_no_file(self):
        wrong = []
        for name in tracked(".cc", ".h"):
            if room_of(name) in PURE and not name.endswith("_test.cc") and "/test_" not in name:
                wrong += [f"{name}: <{found}>" for found in IMPURE_HEADER.findall(text_of(name))]
        self.assertEqual(wrong, [])

    def test_only_the_broker_knows_the_network(self):
        wrong = [name for name in tracked(".cc", ".h")
                 if name.startswith(("protocol/", "storage/", "replication/", "broker/groups/core/"))
                 and NETWORK_HEADER.search(text_of(name))]
        self.assertEqual(wrong, [])

    def undefined_symbols(self, library):
        path = os.path.join(BUILD, f"libottla_{library}.a")
        self.assertTrue(os.path.exists(path), f"no {path}")
        listed = subprocess.run(["nm", "-uC", path], check=True, stdout=subprocess.PIPE).stdout.decode()
        symbols = {re.sub(r"^\s*[UwvV]\s+", "", line) for line in listed.split("\n") if re.match(r"^\s+[UwvV] ", line)}
        self.assertGreater(len(symbols), 10)
        return symbols

    def test_what_the_pure_libraries_link(self):
        for library in ["replication", "quorum"] + (["groups_core"] if "broker/groups/core" in
                                          {os.path.dirname(name) for name in tracked(".cc")} else []):
            foreign = sorted(one for one in self.undefined_symbols(library) if not ANY_LIBRARY_MAY_CALL.match(one))
            self.assertEqual(foreign, [], library)
            impure = sorted(one for one in self.undefined_symbols(library)
                            if re.search(r"std::(chrono::_V2::\w+::now|thread|mutex|random_device|filesystem|"
                                         r"basic_[io]?f(stream|ilebuf))|boost::", one))
            self.assertEqual(impure, [], library)

    def test_protocol_and_storage_do_not_link_the_network(self):
        for library, forbidden in FORBIDDEN_CALL.items():
            self.assertEqual(sorted(one for one in self.undefined_symbols(library) if forbidden.search(one)), [], library)


class Sizes(unittest.TestCase):
    def test_files(self):
        sizes = {name: text_of(name).count("\n") for name in tracked(".cc", ".h", ".py", ".java", ".go", ".mjs", ".sh")}
        over = {name: size for name, size in sizes.items() if size > FILE_RATCHET.get(name, LINES_MAX)}
        self.assertEqual(over, {}, "files longer than they may be")
        loose = {name: sizes.get(name) for name, size in FILE_RATCHET.items() if sizes.get(name, 0) < size}
        self.assertEqual(loose, {}, "shrunk: tighten the ratchet")

    def test_functions(self):
        sizes = {f"{name}: {head}": size for name in tracked(".cc", ".h") for head, size in functions(text_of(name))}
        self.assertGreater(len(sizes), 200)  # else they were not found
        over = {name: size for name, size in sizes.items() if size > FUNCTION_RATCHET.get(name, FUNCTION_LINES_MAX)}
        self.assertEqual(over, {}, "functions longer than they may be")

    def test_the_median_file_is_short(self):
        sizes = sorted(text_of(name).count("\n") for name in tracked(".cc", ".h"))
        self.assertLessEqual(sizes[len(sizes) // 2], 110)


class Rooms(unittest.TestCase):
    def test_an_api_is_two_files_and_one_word(self):
        listed = set(re.findall(r"\b(\w+Request)\b", text_of("broker/api_list.h")))
        numbers = {}
        for name in tracked(".h"):
            found = re.match(r"protocol/api/(\d+)_\w+\.h$", name)
            if found:
                key = int(re.search(r"\.key = (\d+)", text_of(name)).group(1))
                self.assertEqual(key, int(found.group(1)), name)
                numbers[key] = re.search(r"^struct (\w+Request) {", text_of(name), re.M).group(1)
        handlers = {int(re.match(r"broker/handlers/(\d+)_", name).group(1)) for name in tracked(".cc")
                    if re.match(r"broker/handlers/\d+_", name)}
        self.assertEqual({numbers[key] for key in handlers}, listed)

    def test_headers_say_what_they_are_for(self):
        wrong = [name for name in tracked(".h")
                 if room_of(name) and not (text_of(name).startswith("// ") and "#pragma once" in text_of(name))]
        self.assertEqual(wrong, [])

    def test_the_project_speaks_of_itself_alone(self):
        wrong = []
        for name in tracked(".cc", ".h", ".py", ".java", ".go", ".mjs", ".sh", ".md", ".txt", ".json", "dev", ".ci/run"):
            if name == "compat-tests/tidy/tidy_test.py":
                continue
            for number, line in enumerate(text_of(name).split("\n"), 1):
                if FOREIGN.search(line) or line != line.rstrip() or "\t" in line and not name.endswith((".go", ".cc")):
                    wrong.append(f"{name}:{number}: {line.strip()[:80]}")
        self.assertEqual(wrong, [])


class Readme(unittest.TestCase):
    def test_the_table_of_apis_is_what_is_served(self):
        served = subprocess.run([os.path.join(BUILD, "ottla_oracle"), "list"], check=True,
                                stdout=subprocess.PIPE).stdout.decode().strip().split("\n")
        rows = []
        for line in served:
            key, name, least, most = line.split("\t")
            rows.append((key, name, least if least == most else f"{least}-{most}"))
        told = re.findall(r"^\| (\d+) \| (\w+) \| ([\d-]+) \|", text_of("README.md"), re.M)
        self.assertEqual(told, rows)

    def test_the_map_names_every_room(self):
        readme = text_of("README.md")
        for folder in sorted({name.split("/")[0] for name in tracked(".cc", ".h", ".py") if "/" in name}):
            self.assertIn(f"{folder}/", readme)


if __name__ == "__main__":
    unittest.main()
