#!/usr/bin/env python3
"""Breaks the storage code in one place at a time and expects the storage test that is for it to notice. The last line is
"N passed, N failed".

A mutant is one source compiled anew with the commands of build/release, and linked in front of the library that holds
the sound one; neither the sources nor the build are touched. Arguments: the names of the mutants wanted (all); or
"power-cut": the power cut test instead, on the mutants that it must catch."""
import concurrent.futures
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build", "release")
POWER_CUT_MUTANTS = ["no directory fsync", "ack before fsync"]

# Name, file, what is replaced by what (each text must be there exactly once), and the test that must notice it.
MUTANTS = [
    ("no directory fsync", "storage/log.cc", [("  directory_dirty_ = true;\n  return {};", "  return {};")],
     "LogCrashTest.whatever_survives_a_power_cut_is_what_was_acknowledged_and_nothing_else"),
    ("ack before fsync", "storage/log.cc", [("  std::size_t files = 0;\n", "  return {};\n  std::size_t files = 0;\n")],
     "CompactionTest.a_power_cut_anywhere_in_a_compaction_loses_no_last_value"),
    ("index trusted without a check", "storage/segment_indexes.cc", [
        ("return fits(indexes) ? std::optional(std::move(indexes)) : std::nullopt;", "return indexes;"),
        ("bool entry_is_right = start.position == 0;", "bool entry_is_right = true;"),
        ("if (!sums || *sums != index_sums(*offsets, *times)) {", "if (!sums) {")],
     "SegmentsTest.a_wrong_index_entry_without_a_checksum_is_found_when_it_is_used"),
    ("clean-shutdown marker not deleted at the start", "storage/clean_shutdown.cc", [
        ("    if (!disk.exists(path)) {\n      continue;", "    if (disk.exists(path)) {\n      continue;")],
     "LogCrashTest.whatever_survives_a_power_cut_is_what_was_acknowledged_and_nothing_else"),
    ("sync tried again after it failed", "storage/log.cc", [
        ("    return with_file->files.front()->sync_data();",
         "    const auto once = with_file->files.front()->sync_data();\n"
         "    return once ? once : with_file->files.front()->sync_data();")],
     "LogFaultsTest.whichever_sync_fails_nothing_acknowledged_is_lost_and_nothing_more_is_acknowledged"),
    ("cut at a corrupt middle", "storage/log_recovery.cc", [
        ("    if (log_end_offset_ >= scan.mark.durable_end_offset) {", "    if (position >= 0) {")],
     "LogFaultsTest.a_batch_that_belongs_to_another_partition_is_damage_where_it_lands"),
    ("snapshot ahead of the log used", "storage/log_producers.cc", [
        ("if (offset && *offset > log_end_offset_) {", "if (offset && *offset > log_end_offset_ + 1000) {")],
     "LogCrashTest.whatever_survives_a_power_cut_is_what_was_acknowledged_and_nothing_else"),
    ("recovery point too far", "storage/log_recovery.cc", [
        ("  scan.from = std::min(scan.from, scan.mark.durable_end_offset);", "  scan.from = scan.from + 1'000'000;")],
     "LogCrashTest.whatever_survives_a_power_cut_is_what_was_acknowledged_and_nothing_else"),
    ("swap without two phases", "storage/log_compaction.cc", [
        ("    done = done ? disk_.sync_directory(directory_) : done;\n    const auto first", "    const auto first"),
        ("  done = done ? disk_.sync_directory(directory_) : done;\n  done = done ? disk_.rename",
         "  done = done ? disk_.rename")],
     "CompactionTest.a_power_cut_anywhere_in_a_compaction_loses_no_last_value"),
    ("torn tail kept", "storage/log_recovery.cc", [
        ("  while (segments_.size() > keep) {\n    cut_bytes_", "  if (keep > 0) {\n    return {};\n  }\n  while (segments_.size() > keep) {\n    cut_bytes_")],
     "LogCrashTest.whatever_survives_a_power_cut_is_what_was_acknowledged_and_nothing_else"),
    ("no CRC at recovery", "storage/segment.cc", [("*got != bytes.size() || !crc_is_right(bytes)", "*got != bytes.size()")],
     "LogCrashTest.whatever_survives_a_power_cut_is_what_was_acknowledged_and_nothing_else"),
    ("durable mark not lowered before a truncation", "storage/log_truncation.cc", [
        ("auto done = environment_.marks.lower(key_, {.durable_end_offset = durable_end_offset_});",
         "Result<void> done;")],
     "LogCrashTest.whatever_survives_a_power_cut_is_what_was_acknowledged_and_nothing_else"),
    ("files deleted before the log start is durable", "storage/log_retention.cc", [
        ("const Offset start = std::min(durable_start, log_start_offset_);", "const Offset start = log_start_offset_;")],
     "RetentionTest.files_stay_as_long_as_the_log_start_is_not_durable"),
]


def mutate(path: str, replacements: list[tuple[str, str]]) -> str:
    """The text of the source with each replacement made; each must fit at exactly one place."""
    with open(os.path.join(ROOT, path)) as file:
        text = file.read()
    for old, new in replacements:
        if text.count(old) != 1:
            raise ValueError(f"the code has changed, the mutant does not fit: {old!r}")
        text = text.replace(old, new)
    return text


def build(target: str, path: str, text: str, folder: str) -> str:
    """Links the program `target` of the build with `text` in the place of the source `path`; gives the program."""
    source, compiled, program = (os.path.join(folder, name) for name in ("mutant.cc", "mutant.o", target))
    with open(source, "w") as file:
        file.write(text)
    with open(os.path.join(BUILD, "compile_commands.json")) as file:
        command = next(one["command"] for one in json.load(file) if one["file"] == os.path.join(ROOT, path))
    words = shlex.split(command)
    words[words.index("-o") + 1] = compiled
    words[words.index("-c") + 1] = source
    subprocess.run(words + ["-w", "-g0"], cwd=BUILD, check=True)
    link = subprocess.run(["ninja", "-t", "commands", "-s", target], cwd=BUILD, check=True, capture_output=True, text=True)
    words = shlex.split(link.stdout.split("&&")[1])
    output = words.index("-o")
    words[output + 1] = program
    words.insert(output, compiled)
    subprocess.run(words, cwd=BUILD, check=True)
    return program


def first_failure(program: str, tests: str) -> str | None:
    """The first of these tests that fails, or None if none does."""
    try:
        ran = subprocess.run([program, "--gtest_fail_fast", f"--gtest_filter={tests}"], capture_output=True, text=True, timeout=120,
                             env=os.environ | {"OTTLA_CRASH_SCRIPTS": "3"})
    except subprocess.TimeoutExpired:
        return "(no end)"
    found = re.search(r"\[  FAILED  \] (\S+) \(", ran.stdout)
    if found:
        return found.group(1)
    if ran.returncode == 0:
        return None
    last = re.findall(r"\[ RUN      \] (\S+)", ran.stdout)
    return f"{last[-1] if last else 'the start'} (ended with {ran.returncode})"


def power_cut_failure(program: str, _: str) -> str | None:
    """What 20 power cuts show, or None if nothing is wrong."""
    folder = os.path.dirname(program)
    os.symlink(os.path.join(BUILD, "power_cut_load"), os.path.join(folder, "power_cut_load"))
    ran = subprocess.run([os.path.join(ROOT, "compat-tests", "power-cut", "run.py")], timeout=600, capture_output=True,
                         text=True, env=os.environ | {"BUILD": folder})
    found = re.search("^FAIL (.*)", ran.stdout, re.M)
    return found.group(1) if found else None if ran.returncode == 0 else ran.stdout + ran.stderr


def judge(mutant: tuple[str, str, list[tuple[str, str]], str], target: str, failure_of) -> bool:
    name, path, replacements, test = mutant
    with tempfile.TemporaryDirectory() as folder:
        try:
            caught = failure_of(build(target, path, mutate(path, replacements), folder), test)
        except (ValueError, subprocess.CalledProcessError) as error:
            print(f"{name}: {error}", flush=True)
            return False
    print(f"{name}: {'caught by ' + caught if caught else 'SURVIVES'}", flush=True)
    return caught is not None


def main() -> int:
    if sys.argv[1:] == ["power-cut"]:
        caught = [judge(one, "ottla_power_cut", power_cut_failure) for one in MUTANTS if one[0] in POWER_CUT_MUTANTS]
    else:
        wanted = [one for one in MUTANTS if not sys.argv[1:] or one[0] in sys.argv[1:]]
        sound = first_failure(os.path.join(BUILD, "storage_test"), ":".join({one[3] for one in wanted}))
        if sound is not None:
            print(f"{sound} fails without any mutant\n0 passed, 1 failed")
            return 1
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            caught = list(pool.map(lambda one: judge(one, "storage_test", first_failure), wanted))
    print(f"{caught.count(True)} passed, {caught.count(False)} failed")
    return 0 if caught and all(caught) else 1


if __name__ == "__main__":
    sys.exit(main())
