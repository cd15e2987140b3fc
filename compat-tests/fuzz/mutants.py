#!/usr/bin/env python3
"""Breaks the code in one place for each fuzz target, and expects the target to notice it within a minute. The sources and
the build are left alone (storage-mutants/mutants.py says how). Arguments: the names of the mutants wanted (all).
Last line: N passed, N failed."""
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "storage-mutants"))
import mutants
import run

LONGEST_S = 60
# Name, target, file, and what is replaced by what.
MUTANTS = [
    ("a reader that reads past its end", "requests", "protocol/primitives.cc", [("|| remaining() < size) {", "|| false) {")]),
    ("a length that forgets the records", "responses", "protocol/primitives.cc", [("    spliced_bytes_ += bytes.size();\n", "")]),
    ("tags of a header that are not skipped", "headers", "protocol/frame.cc", [
        ("return rest.subspan(reader.position());", "return rest;")]),
    ("a frame of which one byte is missing", "stream", "broker/frame_reader.cc", [
        ("if (end_ - begin_ < length_prefix_bytes + size) {", "if (end_ - begin_ + 1 < length_prefix_bytes + size) {")]),
    ("a decompressor without a bound", "codecs", "protocol/compression.cc", [
        ("  if (claimed > out.left()) {", "  if (claimed > (1U << 30U)) {"),
        ("    if (part.size() > max_ - used_) {", "    if (part.size() > (1U << 30U)) {")]),
    ("a CRC that is not looked at", "batches", "protocol/record_batch.cc", [("  if (!crc_is_right(bytes)) {", "  if (false) {")]),
    ("recovery that does not look at the CRC", "recovery", "storage/segment.cc", [
        ("*got != bytes.size() || !crc_is_right(bytes)", "*got != bytes.size()")]),
    ("an index that need not rise", "state_files", "storage/index.cc", [
        ("entry.relative_offset <= last.relative_offset || ", "")]),
    ("an escape that is kept", "settings", "broker/properties.cc", [
        ("text += at == std::string_view::npos ? escaped : meanings[at];", "text += escaped;")]),
    ("an error that is not told", "broker", "broker/connection_replies.cc", [
        ("  if (reply->nothing_to_send) {", "  if (reply->nothing_to_send || reply->has_error) {")]),
]


def judge(mutant):
    name, target, path, replacements = mutant
    with tempfile.TemporaryDirectory() as folder:
        try:
            program = mutants.build(f"fuzz_{target}", path, mutants.mutate(path, replacements), folder)
        except (ValueError, subprocess.CalledProcessError) as error:
            print(f"{name}: {error}", flush=True)
            return False
        os.makedirs(os.path.join(folder, "corpus"))
        command = run.command_of(target, program, os.path.join(folder, "corpus"), f"-max_total_time={LONGEST_S}",
                                 f"-artifact_prefix={folder}/")
        ran = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    why = re.search(r"(does not hold: .*|SUMMARY: \S+ \S+|runtime error: .*)", ran.stderr)
    found = ran.returncode != 0
    print(f"{name}: {f'found by {target}, {why[0] if why else ran.returncode}' if found else 'SURVIVES'}", flush=True)
    return found


def main():
    mutants.BUILD = run.BUILD
    run.make_seeds()
    found = [judge(one) for one in MUTANTS if not sys.argv[1:] or one[0] in sys.argv[1:]]
    print(f"{found.count(True)} passed, {found.count(False)} failed")
    return 0 if found and all(found) else 1


if __name__ == "__main__":
    sys.exit(main())
