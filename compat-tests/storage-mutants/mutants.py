"""Applies one mutation after the other to a copy of the sources, builds its storage tests, and runs them; or, after
"power-cut", the program of compat-tests/power-cut, for the mutants that it must catch."""
import os
import re
import shutil
import subprocess
import sys

COPY = sys.argv[1]
POWER_CUT = sys.argv[2:] == ["power-cut"]
WANTED = ["no directory fsync", "ack before fsync"] if POWER_CUT else sys.argv[2:]
BUILD = os.path.join(COPY, "build")
RELEASE = os.path.join(os.getcwd(), "build", "release")  # for the power cut: what is not mutated is taken from there

# Name, file, and what is replaced by what; each text must be there exactly once.
MUTANTS = [
    ("no directory fsync", "storage/log.cc", [("  directory_dirty_ = true;\n  return {};", "  return {};")]),
    ("ack before fsync", "storage/log.cc", [("  std::size_t files = 0;\n", "  return {};\n  std::size_t files = 0;\n")]),
    ("index trusted without a check", "storage/segment.cc", [
        ("return fits(indexes) ? std::optional(std::move(indexes)) : std::nullopt;", "return indexes;"),
        ("bool entry_is_right = start.position == 0;", "bool entry_is_right = true;"),
        ("if (!sums || *sums != index_sums(*offsets, *times)) {", "if (!sums) {")]),
    ("clean-shutdown marker not deleted at the start", "storage/clean_shutdown.cc", [
        ("    if (!disk.exists(path)) {\n      continue;", "    if (disk.exists(path)) {\n      continue;")]),
    ("sync tried again after it failed", "storage/log.cc", [
        ("    return with_file->files.front()->sync_data();",
         "    const auto once = with_file->files.front()->sync_data();\n"
         "    return once ? once : with_file->files.front()->sync_data();")]),
    ("cut at a corrupt middle", "storage/log_recovery.cc", [
        ("    if (log_end_offset_ >= scan.mark.durable_end_offset) {", "    if (position >= 0) {")]),
    ("snapshot ahead of the log used", "storage/log_producers.cc", [
        ("if (offset && *offset > log_end_offset_) {", "if (offset && *offset > log_end_offset_ + 1000) {")]),
    ("recovery point too far", "storage/log_recovery.cc", [
        ("  scan.from = std::min(scan.from, scan.mark.durable_end_offset);", "  scan.from = scan.from + 1'000'000;")]),
    ("swap without two phases", "storage/log_compaction.cc", [
        ("    done = done ? disk_.sync_directory(directory_) : done;\n    const auto first", "    const auto first"),
        ("  done = done ? disk_.sync_directory(directory_) : done;\n  done = done ? disk_.rename",
         "  done = done ? disk_.rename")]),
    ("torn tail kept", "storage/log_recovery.cc", [
        ("  while (segments_.size() > keep) {\n    cut_bytes_", "  if (keep > 0) {\n    return {};\n  }\n  while (segments_.size() > keep) {\n    cut_bytes_")]),
    ("no CRC at recovery", "storage/segment.cc", [("*got != bytes.size() || !crc_is_right(bytes)", "*got != bytes.size()")]),
    ("durable mark not lowered before a truncation", "storage/log.cc", [
        ("auto done = environment_.marks.lower(key_, {.durable_end_offset = durable_end_offset_});",
         "Result<void> done;")]),
    ("files deleted before the log start is durable", "storage/log_retention.cc", [
        ("  // The segment that stays must not get lost", "  log_start_offset_ = segments_.back()->base_offset();\n  //")]),
]


def build() -> bool:
    target = "ottla_storage" if POWER_CUT else "storage_test"
    made = subprocess.run(["nice", "cmake", "--build", BUILD, "-j2", "--target", target], capture_output=True, text=True)
    if made.returncode != 0:
        print(made.stdout[-2000:])
    return made.returncode == 0 and (not POWER_CUT or link_power_cut())


def link_power_cut() -> bool:
    """Links the release's objects again, with the mutated storage library in the place of its own."""
    commands = subprocess.run(["ninja", "-C", RELEASE, "-t", "commands", "ottla_power_cut"], check=True,
                              capture_output=True, text=True).stdout
    link = commands.strip().split("\n")[-1]
    for own in ("-o ottla_power_cut", " libottla_storage.a"):
        assert link.count(own) == 1, link
    link = link.replace("-o ottla_power_cut", f"-o {BUILD}/ottla_power_cut")
    link = link.replace(" libottla_storage.a", f" {BUILD}/libottla_storage.a")
    shutil.copy(os.path.join(RELEASE, "power_cut_load"), BUILD)
    return subprocess.run(link, shell=True, cwd=RELEASE).returncode == 0


def power_cut_failure() -> str | None:
    """What 20 cuts show, or None if nothing is wrong."""
    ran = subprocess.run([sys.executable, os.path.join(COPY, "compat-tests", "power-cut", "run.py")], timeout=600,
                         capture_output=True, text=True, env=os.environ | {"BUILD": BUILD})
    found = re.search("^FAIL (.*)", ran.stdout, re.M)
    return found.group(1) if found else None if ran.returncode == 0 else ran.stdout + ran.stderr


def first_failure() -> str | None:
    """The first test that fails, or None if none does."""
    if POWER_CUT:
        return power_cut_failure()
    try:
        ran = subprocess.run([os.path.join(BUILD, "storage_test"), "--gtest_fail_fast"], capture_output=True, text=True,
                             timeout=120, env=os.environ | {"OTTLA_CRASH_SCRIPTS": "3"})
    except subprocess.TimeoutExpired:
        return "(no end)"
    found = re.search(r"\[  FAILED  \] (\S+) \(", ran.stdout)
    if found:
        return found.group(1)
    if ran.returncode == 0:
        return None
    last = re.findall(r"\[ RUN      \] (\S+)", ran.stdout)
    return f"{last[-1] if last else 'the start'} (ended with {ran.returncode})"


def main() -> int:
    os.environ["CCACHE_BASEDIR"] = COPY
    os.environ["CCACHE_NOHASHDIR"] = "1"
    subprocess.run(["cmake", "-S", COPY, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=-O2 -g1",
                    "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"], check=True, capture_output=True)
    if not build() or first_failure() is not None:
        print("the tests fail without any mutant")
        print("0 passed, 1 failed")
        return 1
    passed = failed = 0
    for name, path, replacements in MUTANTS:
        if WANTED and name not in WANTED:
            continue
        path = os.path.join(COPY, path)
        with open(path) as file:
            original = file.read()
        mutated = original
        for old, new in replacements:
            if mutated.count(old) != 1:
                print(f"{name}: the code has changed, the mutant does not fit: {old!r}")
                mutated = None
                break
            mutated = mutated.replace(old, new)
        caught = None
        if mutated is not None:
            with open(path, "w") as file:
                file.write(mutated)
            caught = first_failure() if build() else None
            with open(path, "w") as file:
                file.write(original)
        print(f"{name}: {'caught by ' + caught if caught else 'SURVIVES'}", flush=True)
        passed, failed = passed + (caught is not None), failed + (caught is None)
    print(f"{passed} passed, {failed} failed")
    return failed != 0


sys.exit(main())
