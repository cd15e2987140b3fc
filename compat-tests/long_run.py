"""Runs that take long: they go on where they broke off, as long as the commit is the same, and leave a line in RECORD.md."""
import json
import os
import platform
import subprocess
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
RECORD = os.path.join(ROOT, "compat-tests", "RECORD.md")


def commit():
    told_by_git = subprocess.run(["git", "describe", "--always", "--dirty", "--abbrev=9"], cwd=ROOT,
                                 capture_output=True, text=True)
    return told_by_git.stdout.strip() or "unknown"


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        model = next((line.split(":")[1].strip() for line in info if line.startswith("model name")), "unknown")
    return f"{os.cpu_count()} x {model}, Linux {platform.release().split('-')[0]}"


def progress_file(name):
    return os.path.join(ROOT, "build", f"{name}.json")


def load_progress(name):
    """What save_progress was last given at this commit, or None; what is not committed may be anything."""
    if os.path.exists(progress_file(name)) and not commit().endswith("-dirty"):
        with open(progress_file(name), encoding="utf-8") as file:
            progress = json.load(file)
        if progress["commit"] == commit():
            return progress["totals"]
    return None


def save_progress(name, totals):
    with open(progress_file(name) + ".tmp", "w", encoding="utf-8") as file:
        json.dump({"commit": commit(), "totals": totals}, file)
    os.replace(progress_file(name) + ".tmp", progress_file(name))


def add_to_record(name, run, seen):
    is_new = not os.path.exists(RECORD)
    with open(RECORD, "a", encoding="utf-8") as file:
        if is_new:
            file.write("# Long runs\n\n| date | commit | machine | run | seen |\n|---|---|---|---|---|\n")
        file.write(f"| {time.strftime('%Y-%m-%d')} | {commit()} | {machine()} | {run} | {seen} |\n")
    os.remove(progress_file(name))
