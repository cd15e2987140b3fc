#!/usr/bin/env python3
"""Makes of the figures in build/bench a table (also on stdout) and an HTML page with plots. usage: report.py [DIRECTORY]"""
import glob
import html
import json
import os
import platform
import statistics
import sys

import plots
from cases import CASES, CURVES
from load import ROOT

UNITS = {"cpu_s_per_gb": "broker CPU s/GB", "cpu_us_per_request": "broker CPU us/request", "p50_us": "p50 us", "p99_us": "p99 us",
         "messages_per_s": "messages/s", "start_ms": "ms from start to first answer"}


def read(directory):
    """The lines of each case and mode (or curve, or start)."""
    found = {}
    for path in sorted(glob.glob(os.path.join(directory, "*.jsonl"))):
        with open(path, encoding="utf-8") as file:
            found[os.path.basename(path).removesuffix(".jsonl")] = [json.loads(line) for line in file]
    return found


def pair_ratios(lines, other, figure):
    """Ours by the other's, pair by pair; undisturbed ones if there are any. (ratios, how many pairs were left out)"""
    by_pair = {}
    for line in lines:
        by_pair.setdefault(line["pair"], {})[line["system"]] = line
    pairs = [pair for pair in by_pair.values() if "ottla" in pair and other in pair and pair[other][figure] > 0]
    quiet = [pair for pair in pairs if not pair["ottla"]["disturbed"] and not pair[other]["disturbed"]]
    return [pair["ottla"][figure] / pair[other][figure] for pair in quiet or pairs], len(pairs) - len(quiet)


def median_of(lines, system, figure):
    values = [line[figure] for line in lines if line["system"] == system and figure in line]
    return statistics.median(values) if values else None


def number(value):
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def ratio_text(lines, other, figure):
    ratios, disturbed = pair_ratios(lines, other, figure)
    if not ratios:
        return ""
    text = f"{statistics.median(ratios):.2f} [{min(ratios):.2f}..{max(ratios):.2f}]"
    return f"{text} ({disturbed} of {len({line['pair'] for line in lines})} pairs disturbed)" if disturbed else text


HEAD = ["case", "acks from", "figure", "ottla", "kafka", "floor or mock", "ottla/kafka", "ottla/floor or mock", "MB/s", "p99 us", "RSS MB", "commit"]


def rows(found):
    for name, lines in found.items():
        case = CASES.get(name.rsplit("-", 1)[0])
        if name.startswith("curve-") or not lines:
            continue
        figure = case.figure if case else "start_ms"
        beside = next((one for one in ("floor", "mock") if any(line["system"] == one for line in lines)), None)
        for one in [figure, "p99_us"] if figure == "p50_us" else [figure]:
            yield [case.title if case else name, lines[0]["mode"], UNITS[one], number(median_of(lines, "ottla", one)),
                   number(median_of(lines, "kafka", one)), number(median_of(lines, beside, one)) if beside else "",
                   ratio_text(lines, "kafka", one), ratio_text(lines, beside, one) if beside else "",
                   number(median_of(lines, "ottla", "mb_per_s")), number(median_of(lines, "ottla", "p99_us")),
                   number(median_of(lines, "ottla", "rss_mb")), lines[0]["commit"]]


def curve(found, name, figure):
    """{system: [(x, y)]} for a plot."""
    series = {}
    for line in found.get("curve-" + name, []):
        series.setdefault(line["system"], []).append((line["at_point"], line[figure]))
    return series


PLOTS = [("request-bytes", "mb_per_s", "Throughput against request size", "bytes", "MB/s"),
         ("request-bytes", "cpu_s_per_gb", "CPU against request size", "bytes", "broker CPU s/GB"),
         ("record-bytes", "cpu_s_per_gb", "CPU against record size", "bytes", "broker CPU s/GB"),
         ("partitions", "cpu_s_per_gb", "CPU against partitions", "partitions", "broker CPU s/GB"),
         ("partitions", "rss_mb", "Memory against partitions", "partitions", "RSS MB"),
         ("connections", "cpu_us_per_request", "CPU against connections", "connections", "broker CPU us/request"),
         ("consumers", "cpu_s_per_gb", "CPU against consumers of one partition", "consumers", "broker CPU s/GB"),
         ("rate", "p50_us", "End to end, median", "records/s", "us"),
         ("rate", "p99_us", "End to end, 99th percentile", "records/s", "us")]


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "")
    return f"{os.cpu_count()} x {model}, Linux {platform.release()}"


def write(directory):
    found = read(directory)
    table = list(rows(found))
    about = machine() + ", " + ", ".join(sorted({f"{line['commit']} {line['at'][:10]}" for lines in found.values() for line in lines}))
    print(f"{about}\n| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}")
    for row in table:
        print(f"| {' | '.join(row)} |")
    cells = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in table)
    drawn = "".join(plots.line_plot(title, x, y, curve(found, name, figure)) for name, figure, title, x, y in PLOTS
                    if curve(found, name, figure))
    with open(os.path.join(directory, "report.html"), "w", encoding="utf-8") as page:
        page.write(f"<!doctype html><meta charset=utf-8><title>Ottla bench</title><style>body{{font:14px sans-serif}}"
                   f"td,th{{border:1px solid #ccc;padding:2px 6px}}table{{border-collapse:collapse}}</style><p>{html.escape(about)}</p>"
                   f"<p>Medians of slices in the order A B B A; ratios are medians of pairs [least..greatest].</p>"
                   f"<table><tr>{''.join(f'<th>{one}</th>' for one in HEAD)}</tr>{cells}</table>{drawn}")


if __name__ == "__main__":
    write(sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build", "bench"))
