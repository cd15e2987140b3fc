#!/usr/bin/env python3
"""libFuzzer on what reads bytes that nobody vouches for: a program for each target, all with ASan and UBSan.

usage: run.py [--minutes N] [--record] [TARGET...]   ten minutes in all by default, shared by the targets evenly; each goes on
                                                     from what it found before, below build/fuzz/corpus
       run.py --short                                each over its first inputs, and a few seconds more
--record goes on where a run of the same commit broke off, and adds a line to compat-tests/RECORD.md at the end.
An input that breaks something is kept below build/fuzz/crashes. Last line: N passed, N failed.
"""
import argparse
import concurrent.futures
import os
import re
import resource
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import long_run

BUILD = os.environ.get("BUILD", os.path.join(long_run.ROOT, "build", "asan"))
FUZZ = os.path.join(long_run.ROOT, "build", "fuzz")
# The longest input and the most memory, both as libFuzzer has them; the broker is threads and buffers.
LIMITS = {"batches": (4096, 512), "broker": (4096, 1024), "codecs": (8192, 512), "headers": (2048, 512), "recovery": (4096, 512),
          "requests": (4096, 512), "responses": (4096, 512), "settings": (2048, 512), "state_files": (2048, 512),
          "stream": (8192, 512)}
SHORT_S = 4
LONGEST_INPUT_S = 60


def make_seeds():
    shutil.rmtree(os.path.join(FUZZ, "seeds"), ignore_errors=True)
    os.makedirs(os.path.join(FUZZ, "seeds"))
    os.makedirs(os.path.join(FUZZ, "crashes"), exist_ok=True)
    subprocess.run([os.path.join(BUILD, "fuzz_seeds"), os.path.join(FUZZ, "seeds")], check=True)


def command_of(target, program, corpus, *options):
    length, memory_mb = LIMITS[target]
    dictionary = os.path.join(FUZZ, "seeds", f"{target}.dict")
    return [program, f"-max_len={length}", f"-rss_limit_mb={memory_mb}", f"-malloc_limit_mb={memory_mb // 2}",
            f"-timeout={LONGEST_INPUT_S}", "-print_final_stats=1", f"-artifact_prefix={FUZZ}/crashes/{target}-",
            *([f"-dict={dictionary}"] if os.path.exists(dictionary) else []), *options, corpus, os.path.join(FUZZ, "seeds", target)]


def run(target, seconds):
    """(inputs executed, what went wrong or None)"""
    corpus = os.path.join(FUZZ, "corpus", target)
    os.makedirs(corpus, exist_ok=True)
    command = command_of(target, os.path.join(BUILD, f"fuzz_{target}"), corpus, f"-max_total_time={seconds}")
    log = os.path.join(FUZZ, f"{target}.log")
    with open(log, "w", encoding="utf-8") as file:
        status = subprocess.run(command, stdout=file, stderr=file, check=False).returncode
    with open(log, encoding="utf-8", errors="replace") as file:
        said = file.read()
    executed = re.search(r"^stat::number_of_executed_units: (\d+)", said, re.M)
    count = int(executed[1]) if executed else 0
    first_inputs = len(os.listdir(os.path.join(FUZZ, "seeds", target)))
    if status != 0:
        why = re.search(r"^.*(does not hold: .*|SUMMARY: .*|runtime error: .*)$", said, re.M)
        artifact = re.search(r"written to (\S+)", said)
        return count, f"{why[0] if why else f'status {status}'}; {artifact[1] if artifact else log}"
    return count, None if count >= first_inputs > 0 else f"only {count} inputs of {first_inputs} were tried; {log}"


def tell(executions):
    return ", ".join(f"{target} {count}" for target, count in sorted(executions.items()))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    options = parser.parse_args()
    unknown = set(options.targets) - set(LIMITS)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}; there are {', '.join(LIMITS)}")
    targets = options.targets or list(LIMITS)
    at_once = min(os.cpu_count(), len(targets))
    seconds = SHORT_S if options.short else max(1, int(options.minutes * 60 * at_once / len(targets)))
    make_seeds()
    totals = (options.record and long_run.load_progress("fuzz")) or {"executions": {}, "failures": {}, "cpu_s": 0}
    done_before = totals["cpu_s"]
    to_go = [target for target in targets if target not in totals["executions"]]
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        running = {pool.submit(run, target, seconds): target for target in to_go}
        for future in concurrent.futures.as_completed(running):
            target, (count, wrong) = running[future], future.result()
            totals["executions"][target] = count
            if wrong:
                totals["failures"][target] = wrong
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            totals["cpu_s"] = done_before + used.ru_utime + used.ru_stime
            print(f"{'FAIL' if wrong else 'ok  '} {target}: {count} inputs" + (f"; {wrong}" if wrong else ""), flush=True)
            if options.record:
                long_run.save_progress("fuzz", totals)
    failed = len(totals["failures"])
    if options.record:
        long_run.add_to_record("fuzz", f"fuzzing, {seconds} s for each of {len(targets)} targets",
                               f"inputs: {tell(totals['executions'])}; {totals['cpu_s'] / 60:.0f} CPU minutes; crashes: {failed}")
    print(f"{len(targets) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
